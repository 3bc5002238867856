/** One command of `keyturn` in this process, and how much memory it took at most. */
await import('../../cli/keyturn.ts');
console.error(`peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`);
