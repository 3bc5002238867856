/** Colours of Okabe and Ito, patterns for those who see none, and ink of at least 4.5 to 1 on each ground. */
export const pageStyle = `
:root { --ink: #1a1a1a; --faint: #555; }
body { margin: 1.5rem; font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: #fff; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
h2 { font-size: 1.1rem; margin: 1.4rem 0 .4rem; }
p { max-width: 62rem; margin: .3rem 0; }
.faint { color: var(--faint); }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid #bbb; }
td { overflow-wrap: anywhere; }
.status { display: inline-block; padding: 0 .4rem; border: 1px solid var(--ink); white-space: nowrap; background: #fff; }
.swatch { display: inline-block; width: 2.2rem; height: .8rem; margin-right: .4rem; border: 1px solid var(--ink); vertical-align: middle; }
.pass .swatch { background: #009e73; }
.fail .swatch { background: repeating-linear-gradient(45deg, #d55e00 0 4px, #fff 4px 7px); }
.error .swatch { background: radial-gradient(#000 1px, #f0a000 1.5px) 0 0 / 6px 6px; }
.not-applicable .swatch { background: #ccc; }
.accepted .swatch { background: #fff; border: 2px dashed #0072b2; }
pre { overflow-x: auto; font-size: 12px; }
@media print {
  @page { margin: 12mm; }
  body { margin: 0; font-size: 10px; }
  thead { display: table-header-group; }
  tr { break-inside: avoid; }
  pre { white-space: pre-wrap; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
