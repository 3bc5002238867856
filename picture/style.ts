/** Colours that those who see few of them can tell apart (Okabe and Ito), and in print none at all. */
export const style = `
:root { --ink: #1a1a1a; --faint: #666; --ground: #fff; --current: #0072b2; --unmanaged: #555; --superseded: #d55e00;
  --extra: #a3478a; --bad: #b3001b; --ice: #9cc; }
body { margin: 1.5rem; font: 14px/1.45 system-ui, sans-serif; color: var(--ink); background: #fff; }
h1 { font-size: 1.4rem; margin: 0 0 .3rem; }
p { max-width: 62rem; margin: .3rem 0; }
svg { display: block; width: 100%; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.2rem; padding: 0; margin: .6rem 0; list-style: none; font-size: 12px; }
.legend li { display: flex; align-items: center; gap: .35rem; }
.legend svg { width: auto; flex: none; }
.name { font: 600 12.5px system-ui, sans-serif; }
.about { font: 10px system-ui, sans-serif; fill: var(--faint); }
.age { font: 9.5px system-ui, sans-serif; fill: var(--faint); text-anchor: end; }
.month { font: 11px system-ui, sans-serif; fill: var(--faint); }
.grid { stroke: #ccc; stroke-width: .6; }
.shade { fill: #f5f5f5; }
.ground { fill: var(--ground); }
.key { stroke: var(--ink); stroke-width: .7; }
.current { fill: var(--current); }
.unmanaged { fill: url(#dots); }
.superseded { fill: url(#stripes); }
.extra { fill: url(#bars); }
.inactive { fill: var(--ground); stroke-dasharray: 2 1.6; }
.unmanaged-ink { fill: var(--unmanaged); }
.superseded-ink { fill: var(--superseded); }
.extra-ink { fill: var(--extra); }
.ice { fill: var(--ice); }
.freeze { fill: url(#ice); stroke: var(--ice); stroke-width: .6; }
.use { fill: var(--superseded); stroke: none; }
.mark { fill: #fff; stroke: var(--ink); stroke-width: .9; cursor: help; }
.solid { fill: var(--ink); stroke: #fff; stroke-width: .8; paint-order: stroke; }
.halo { fill: none; stroke: #fff; stroke-width: 3; }
.line { fill: none; stroke-width: 1.4; }
.mark.world { --ink: var(--bad); }
@media print {
  :root { --ink: #000; --faint: #000; --current: #bbb; --unmanaged: #000; --superseded: #000; --extra: #000; --bad: #000; --ice: #888; }
  @page { size: A3 landscape; margin: 10mm; }
  body { margin: 0; font-size: 10px; }
  .year { max-height: 236mm; }
  .shade { fill: none; stroke: #ccc; stroke-width: .4; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
