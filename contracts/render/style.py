"""How the report page looks: one style sheet, for screens from 390 px on, for 200 % zoom and for paper."""

CSS = """
:root{--page:#f3f5f6;--sheet:#fff;--ink:#13202b;--ink2:#3f4d59;--ink3:#5a6874;--rule:#cfd7dd;--rule2:#e6ebee;
--accent:#0b5567;--pass:#0f5a9e;--pass-t:#e7f0f9;--fail:#a5310b;--fail-t:#fcebe3;--warn:#765000;--warn-t:#fff2cf;
--open:#56646f;--open-t:#eef1f3;--back:#573c88;--back-t:#efeaf7;
--sans:"IBM Plex Sans",system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:"IBM Plex Mono",ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:.875rem/1.45 var(--sans);font-variant-numeric:tabular-nums}
main{max-width:76rem;margin:0 auto;padding:1.5rem}
code,.mono{font-family:var(--mono);font-size:.8125rem;overflow-wrap:anywhere}
h1,h2,h3,p,dl,dd,ol,ul{margin:0;padding:0}
.eyebrow{color:var(--ink3)}
h1{font-size:1.3125rem;line-height:1.25;font-weight:600;letter-spacing:-.012em;overflow-wrap:anywhere}
.top{display:flex;flex-wrap:wrap;gap:.25rem 2rem;justify-content:space-between;align-items:flex-end;margin-bottom:1rem}
.top .meta{color:var(--ink3)}
.box{background:var(--sheet);border:1px solid var(--rule);border-radius:3px;margin:0 0 1rem}
.box>h2,.box>.bar{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline;justify-content:space-between;
padding:.625rem .875rem;border-bottom:1px solid var(--rule);font-size:.875rem;font-weight:600}
.box h2 span{font-weight:400;color:var(--ink3)}
.verdict{display:flex;gap:.875rem;align-items:flex-start;padding:.875rem 1rem;border-left-width:4px}
.verdict svg{flex:none;width:1.5rem;height:1.5rem;margin-top:.1rem}
.verdict h2{font-size:1.0625rem;line-height:1.3;font-weight:600}
.verdict p{color:var(--ink2)}
.verdict .checks{color:var(--ink)}
.is-fail{border-left-color:var(--fail)}.is-fail h2,.is-fail svg{color:var(--fail)}
.is-warn{border-left-color:var(--warn)}.is-warn h2,.is-warn svg{color:var(--warn)}
.is-pass{border-left-color:var(--pass)}.is-pass h2,.is-pass svg{color:var(--pass)}
.is-open{border-left-color:var(--open)}.is-open h2,.is-open svg{color:var(--open)}
.scroll{overflow-x:auto}
.scroll:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse}
.sheet{font:.8125rem/1.3 var(--mono);min-width:100%}
.sheet th{background:var(--open-t);color:var(--ink3);font-weight:400;text-align:center;padding:.2rem .5rem;
border:1px solid var(--rule)}
.sheet td{border:1px solid var(--rule2);padding:.25rem .5rem;white-space:nowrap;max-width:22rem;overflow:hidden;
text-overflow:ellipsis}
.sheet tr.head td{color:var(--ink3)}
.sheet td.skip,.sheet th.skip{color:var(--ink3);padding:.25rem;text-align:center}
.sheet td.error,.sheet td.warning,.sheet td.info{box-shadow:inset 0 0 0 2px currentColor;font-weight:600;
max-width:none}
.sheet .v{display:inline-block;max-width:20rem;overflow:hidden;text-overflow:ellipsis;vertical-align:bottom}
.sheet th[scope=row]{position:sticky;left:0}
.error{color:var(--fail)}.warning{color:var(--warn)}.info{color:var(--open)}
.sheet td.error{background:var(--fail-t)}.sheet td.warning{background:var(--warn-t)}
.sheet td.info{background:var(--open-t)}
.n{display:inline-block;min-width:1.35em;padding:0 .3em;border:1px solid currentColor;border-radius:1em;
font:600 .6875rem/1.35 var(--sans);text-align:center;text-decoration:none;color:inherit;background:var(--sheet)}
.findings{list-style:none}
.findings>li{display:grid;grid-template-columns:2.25rem 1fr;padding:.875rem;border-top:1px solid var(--rule2)}
.findings>li:first-child{border-top:0}
.findings h3{font-size:.9375rem;font-weight:600;overflow-wrap:anywhere}
.facts{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:center;margin:.3rem 0 .4rem;color:var(--ink2)}
.chip{display:inline-flex;gap:.35em;align-items:center;padding:.05rem .5rem;border:1px solid currentColor;
border-radius:3px;font-size:.8125rem;font-weight:600;white-space:nowrap}
.chip svg{width:.85em;height:.85em}
.chip.error{background:var(--fail-t)}.chip.warning{background:var(--warn-t)}.chip.info{background:var(--open-t)}
.chip.back{color:var(--back);background:var(--back-t)}
dl.say{display:grid;grid-template-columns:6.5rem 1fr;gap:.2rem .75rem}
dl.say dt{color:var(--ink3)}
dl.say dd{overflow-wrap:anywhere}
dl.say .bad{font-family:var(--mono);font-size:.8125rem;font-weight:600}
.line{font:.8125rem/1.45 var(--mono);margin:.4rem 0 .1rem;background:var(--page);border:1px solid var(--rule2);
border-radius:3px;padding:.3rem .5rem;white-space:pre-wrap;overflow-wrap:anywhere}
.line b{color:var(--ink3);font-weight:400;padding-right:.75rem;user-select:none}
mark{color:inherit;font-weight:600;padding:0 .1em;border-bottom:2px solid currentColor}
.error mark{background:var(--fail-t);color:var(--fail)}.warning mark{background:var(--warn-t);color:var(--warn)}
.info mark{background:var(--open-t)}
.pad{padding:.75rem .875rem}
.pad p+p{margin-top:.5rem}
.open h2{color:var(--open)}
.open.unread{border-left:4px dashed var(--warn)}.open.unread h2{color:var(--warn)}
.ids{list-style:none;columns:20rem;column-gap:1.5rem;margin-top:.4rem}
.ids li{break-inside:avoid;font-family:var(--mono);font-size:.75rem;overflow-wrap:anywhere;color:var(--ink2)}
details summary{cursor:pointer;color:var(--accent)}
.gone{list-style:none}.gone li{padding:.2rem 0}
.foot dl.say{grid-template-columns:9rem 1fr}
@media (max-width:40rem){main{padding:.75rem}.findings>li{grid-template-columns:1fr;gap:.35rem}
dl.say,.foot dl.say{grid-template-columns:1fr;gap:0}dl.say dt{margin-top:.4rem}.verdict{padding:.75rem}}
@media print{@page{margin:14mm}:root{--page:#fff}body{font-size:9.5pt}main{max-width:none;padding:0}
.box{break-inside:auto}.findings>li,.verdict,.line{break-inside:avoid}.scroll{overflow:visible}h2,h3{break-after:avoid}
.sheet{font-size:7.5pt}.sheet .v{padding:0}
.sheet td,.sheet .v{white-space:normal;overflow-wrap:anywhere;padding:.15rem .2rem}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
""".replace("\n", "")
