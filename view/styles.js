// How the elements look; a page may set what begins with --hoks-.
const COLOURS = ["#1d5fa8, #7db4f0", "#b04a0e, #f0a070", "#1f7a4d, #7fd0a0", "#7a3fa0, #c9a0e8", "#0f7482, #70c8d4"]
export const SHEET = new CSSStyleSheet()
SHEET.replaceSync(`
:host, .hoks {--text:var(--hoks-text, light-dark(#1b1f27, #e9ebef)); --dim:var(--hoks-dim, light-dark(#565e6c, #a9b1bf)); --back:var(--hoks-background, light-dark(#fff, #14171d));
  --line:var(--hoks-line, light-dark(#dde1e8, #343b47)); --soft:var(--hoks-surface, light-dark(#f5f6f9, #1c2129)); --accent:var(--hoks-accent, light-dark(#b3261e, #ff8a80));
  --h:light-dark(#ffffffb0, #0c0f14b0); color-scheme:var(--hoks-scheme, light dark); display:block; container-type:inline-size;
  color:var(--text); background:var(--back); font:1rem/1.5 var(--hoks-font, system-ui); overflow-wrap:anywhere; print-color-adjust:exact}
* {box-sizing:border-box; margin:0; min-width:0}
h2 {font-size:1.7rem; line-height:1.25} h3 {font-size:1.15rem} h4 {font-size:1rem} h2, h3, h4, .hidden p {break-after:avoid} summary h3 {display:inline}
small {color:var(--dim); font-size:.85rem} ul {padding:0; list-style:none} summary {cursor:pointer}
header {display:flex; gap:1rem; justify-content:space-between}
.body > * + *, .trainee > * + * {margin-top:2.25rem}
button {font:inherit; color:inherit; background:var(--soft); border:1px solid var(--dim); border-radius:.5rem; padding:.35rem .9rem; white-space:nowrap; flex:none; cursor:pointer}
:focus-visible {outline:3px solid var(--text); outline-offset:2px}
.notice {display:flex; flex-wrap:wrap; gap:.25rem 1rem; align-items:center; padding:1rem; margin-bottom:1rem; border-radius:.6rem; background:var(--soft); border:solid var(--dim); border-width:1px 1px 1px .4rem}
.notice div {flex:1 16rem} .sign {font-size:1.4rem} .waiting {border:0}
.empty, .gone {border-style:dashed} .partial, .stale {border-left-color:light-dark(#9a6700, #e3b341)}
.failed, .offline, .denied, .expired {border-left-color:var(--accent)}
${COLOURS.map((each, place) => `.p${place} { --c: var(--hoks-provider-${place + 1}, light-dark(${each})) }`).join("\n")}
.q1, .q3, .q4 {--p:repeating-linear-gradient(var(--a), var(--h) 0 2px, #0000 0 6.5px)} .q1 {--a:45deg} .q3 {--a:90deg} .q4 {--a:-45deg}
.q2 {--p:radial-gradient(var(--h) 1.4px, #0000 0) 0 / 7px 7px}
.provider {display:inline-flex; gap:.5rem; align-items:baseline}
.swatch, .bar, .workplace, .learning {background:var(--p, none), var(--c, var(--dim)); forced-color-adjust:none}
.swatch {flex:none; width:1.5rem; height:.8rem; border-radius:.2rem}
.plans {display:grid; gap:1rem; grid-template-columns:repeat(auto-fit, minmax(min(19rem, 100%), 1fr))}
article section, .plans article {background:var(--soft); border-radius:.75rem; padding:1.1rem 1.25rem; border-top:.25rem solid var(--c)}
.facts {display:grid; gap:.3rem; margin-top:.6rem} .facts div {display:grid; grid-template-columns:min(11rem, 38%) 1fr; column-gap:.9rem}
dt {color:var(--dim); font-size:.9rem} dd {margin:0} dt:empty {display:none} dt:empty + dd {grid-column:1/-1} meter {width:6rem; margin-inline-end:.6rem}
.legend, .legend li {display:flex; flex-wrap:wrap; gap:.4rem 1.2rem; align-items:center; font-size:.9rem} .legend {margin-block:.75rem} .legend li {column-gap:.5rem}
.chart {position:relative; isolation:isolate; overflow-x:clip; padding-right:.5rem; --names:minmax(10rem, 20rem)}
.scale, .lines, .row > summary {display:grid; grid-template-columns:var(--names) 1fr; column-gap:1.25rem}
.track {position:relative; grid-column:2} .track > * {position:absolute} .scale .track {height:3rem; font-size:.8rem} .lines {position:absolute; inset:3rem .5rem 0 0; z-index:-1}
.tick {bottom:.3rem; color:var(--dim)} .year {font-weight:650} .line, .now {inset-block:0; border-left:1px solid var(--line)} .now {border-color:var(--accent)}
.scale .now {border:0; color:var(--accent); translate:-50%}
.lane {padding-block:.75rem; border-top:1px solid var(--line)} .lane h4 {display:flex; flex-wrap:wrap; gap:0 1rem} h4 > bdi {font-weight:400}
.row {content-visibility:auto; contain-intrinsic-size:auto 3.2rem} .row > summary {list-style:none; padding-block:.3rem} .row > summary:hover {background:var(--soft)}
.row .what {line-height:1.3; padding-left:1.1rem; position:relative} .row .what small {display:block}
.row .what::before {content:"▸" / ""; position:absolute; left:0; color:var(--dim)} .row[open] .what::before {rotate:90deg}
.row .track {min-height:1.9rem} .inside {padding:.25rem 0 1rem 1.1rem; background:var(--back)} .part {padding-block:.6rem} .part > p {font-weight:600}
.track > .bar, .track > .point {top:50%; translate:0 -50%} .bar {min-width:4px; height:.7rem; border-radius:.2rem} .bar.workplace, .bar.interruption {height:1.1rem}
.track > .point {translate:-50% -50%} .point, .key {width:.8rem; height:.8rem} .workplace, .learning, .interruption {width:1.5rem} .learning {height:.4rem}
.end, .approved, .demonstration {background:var(--text); forced-color-adjust:none}
.paused, .interruption {background:var(--back); border:2px dashed var(--dim)} .bar.support {height:.3rem; background:var(--dim)}
.demonstration {rotate:45deg; border:2px solid var(--back)} .approved {clip-path:polygon(50% 0, 100% 100%, 0 100%)} .estimated {border:2px solid; border-radius:50%}
.mark {font-size:.85rem; color:var(--dim)} .mark > summary {display:inline; border-bottom:1px dotted; list-style:none} .mark > summary::before {content:"⊘ " / ""}
.free {white-space:pre-wrap} div.free {max-height:14rem; overflow:auto; border:1px solid var(--line)}
@container (width < 44rem) {.chart {--names:1fr} .scale, .lines, .row > summary, .facts div {grid-template-columns:1fr} .track {grid-column:1}}
@container (width < 60rem) {.tick:not(.year) {display:none}}
@media print {:host, .hoks {color-scheme:light} button, .row .what::before, .long > summary {display:none} .row {content-visibility:visible} div.free {max-height:none; border:0}
summary {list-style:none; break-inside:avoid; break-after:avoid} .part {break-inside:avoid}}
`)
