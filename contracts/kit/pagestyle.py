"""How a contract page looks: one style sheet, for screens from 390 px on, for 200 % zoom and for paper."""

CSS = """
:root{--page:#f3f5f6;--sheet:#fff;--ink:#13202b;--ink2:#3f4d59;--ink3:#5a6874;--rule:#cfd7dd;--rule2:#e6ebee;
--accent:#0b5567;--tint:#eef4f6;--fail:#a5310b;--fail-t:#fcebe3;--warn:#765000;--warn-t:#fff2cf;
--open:#56646f;--open-t:#eef1f3;
--sans:"IBM Plex Sans",system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:"IBM Plex Mono",ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:.5rem}
body{margin:0;background:var(--page);color:var(--ink);font:.875rem/1.45 var(--sans);font-variant-numeric:tabular-nums}
main{max-width:76rem;margin:0 auto;padding:1.5rem}
h1,h2,h3,p,dl,dd,ol,ul{margin:0;padding:0}
code{font-family:var(--mono);font-size:.8125rem;overflow-wrap:anywhere}
a{color:var(--accent);text-underline-offset:.15em}
a:focus-visible,.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.eyebrow,.note{color:var(--ink3)}
h1{font-size:1.3125rem;line-height:1.25;font-weight:600;letter-spacing:-.012em;overflow-wrap:anywhere}
.top{display:flex;flex-wrap:wrap;gap:.5rem 2rem;justify-content:space-between;align-items:flex-end}
.meta{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem}
.meta dt{color:var(--ink3);font-size:.75rem}
.lede{max-width:60rem;margin:.75rem 0 1rem;font-size:.9375rem;line-height:1.5;color:var(--ink2)}
.lede p+p{margin-top:.4rem}
nav{margin:0 0 1rem}
nav ol{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none}
nav a{display:inline-block;padding:.2rem 0}
.box{background:var(--sheet);border:1px solid var(--rule);border-radius:3px;margin:0 0 1rem;padding:0 1rem 1rem}
.box>h2{margin:0 -1rem .75rem;padding:.625rem 1rem;border-bottom:1px solid var(--rule);font-size:1rem;font-weight:600}
.box h3{font-size:.875rem;font-weight:600;margin:1rem 0 .25rem}
.box>h2+h3{margin-top:0}
.note{margin:0 0 .5rem;max-width:60rem}
.facts div{display:grid;grid-template-columns:8rem 1fr;gap:.75rem;padding:.3rem 0}
.facts dt{color:var(--ink3)}
.facts dd{overflow-wrap:anywhere;min-width:0}
.plain{list-style:none}
.plain li{padding:.1rem 0}
.sub{display:block;color:var(--ink3);font-weight:400;font-size:.8125rem}
.commands{list-style:none;margin-top:.75rem;padding:.75rem 1rem;background:var(--tint);border-left:3px solid
 var(--accent);display:grid;gap:.35rem}
.commands code span{white-space:nowrap}
.commands li{display:grid;grid-template-columns:16rem 1fr;gap:.1rem 1rem;align-items:baseline}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.5rem .75rem .5rem 0;border-top:1px solid var(--rule2);
font-weight:400}
td:last-child,th:last-child{padding-right:0}
thead th{color:var(--ink3);font-size:.75rem;border-top:0;padding-top:0;padding-bottom:.35rem}
tbody th code{font-weight:600;color:var(--ink)}
.fields th[scope=row]{width:14rem}
.fields .in1{padding-left:1.25rem}.fields .in2{padding-left:2.5rem}.fields .in3{padding-left:3.75rem}
.fields .eg{width:16rem}
.form{color:var(--ink3);font-size:.8125rem;overflow-wrap:anywhere}
.chips{margin-top:.2rem;line-height:1.7}
.chips code{border:1px solid var(--rule);border-radius:3px;padding:.05rem .35rem;font-size:.75rem;
background:var(--page)}
.dot{display:inline-block;width:.5rem;height:.5rem;margin-left:.4rem;border-radius:50%;background:var(--accent);
overflow:hidden;text-indent:1rem;white-space:nowrap;vertical-align:.05em}
.scroll{overflow-x:auto}
.wide{min-width:56rem}
.wide th[scope=row]{position:sticky;left:0;background:var(--sheet);padding-right:1rem}
.wide .num,.wide td{white-space:nowrap}
.wide .num{white-space:normal;min-width:7rem}
.checks th[scope=row]{width:13rem}
.links{width:38%;line-height:1.7}
.links code{font-size:.75rem;white-space:nowrap}
.steps{list-style:none;margin:.25rem 0 0 .3rem;border-left:2px solid var(--rule)}
.steps li{position:relative;display:grid;grid-template-columns:13rem 1fr;gap:0 1rem;padding:.3rem 0 .3rem 1.25rem}
.steps li::before{content:"";position:absolute;left:-.4rem;top:.6rem;width:.65rem;height:.65rem;border-radius:50%;
background:var(--sheet);border:2px solid var(--ink3)}
.steps .due{font-weight:600;color:var(--accent)}
.steps .due::before{background:var(--accent);border-color:var(--accent);border-radius:1px;transform:rotate(45deg)}
.steps .anchor::before{background:var(--ink);border-color:var(--ink)}
.steps .told{color:var(--ink2)}
.codes{list-style:none;columns:2 30rem;column-gap:2.5rem}
.codes li{break-inside:avoid;padding:.6rem 0 .75rem;border-top:1px solid var(--rule2)}
.codes h3{margin:0;font-weight:600}
.codes p{margin-top:.2rem}
.codes li:target{background:var(--warn-t);box-shadow:0 0 0 .4rem var(--warn-t)}
.chipline{color:var(--ink3);font-size:.8125rem}
.chip{display:inline-flex;gap:.3em;align-items:center;padding:0 .4rem;margin-right:.5rem;border:1px solid currentColor;
border-radius:3px;font-size:.75rem;font-weight:600}
.chip svg{width:.7em;height:.7em;fill:currentColor}
.error{color:var(--fail);background:var(--fail-t)}.warning{color:var(--warn);background:var(--warn-t)}
.info{color:var(--open);background:var(--open-t)}
footer{color:var(--ink3);font-size:.8125rem}
@media (max-width:44rem){main{padding:.75rem}.box{padding:0 .75rem .75rem}.box>h2{margin:0 -.75rem .6rem;
padding:.6rem .75rem}
.facts div{grid-template-columns:1fr;gap:0}
.commands li,.steps li{grid-template-columns:1fr}
.fields,.checks,.fields tbody,.checks tbody,.fields tr,.checks tr,.fields th,.checks th,.fields td,.checks td{
display:block;width:auto}
.fields thead,.checks thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.fields tr,.checks tr{border-top:1px solid var(--rule2);padding:.5rem 0}
.fields th,.checks th,.fields td,.checks td,.fields .eg,.links{border:0;padding:.1rem 0;width:auto}
.fields th[scope=row],.checks th[scope=row]{width:auto}
.fields .in1{padding-left:0}.fields .in2{padding-left:0}
.fields tr:has(.in1){padding-left:1rem}.fields tr:has(.in2){padding-left:2rem}
.eg:empty{display:none}.eg::before{content:"for example ";color:var(--ink3);font-size:.8125rem}}
@media print{@page{margin:14mm}:root{--page:#fff}body{font-size:9pt}main{max-width:none;padding:0}nav{display:none}
.box{border:0;padding:0}.box>h2{margin:0 0 .5rem;padding:.5rem 0}.scroll{overflow:visible}.wide{min-width:0}
.wide td,.wide .num{white-space:normal;min-width:0}.wide th[scope=row]{position:static}
tr,.codes li,.steps li{break-inside:avoid}h2,h3{break-after:avoid}thead{display:table-header-group}
a{color:inherit;text-decoration:none}*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
""".replace("\n", "")
