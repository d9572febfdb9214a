extension Dashboard {
    /// Light and dark, from 320 pixels on.
    static let style = """
        :root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;--ink:#1b1f24;--soft:#545d68;
        --line:#ccd2d9;--bar:#0072b2;--lag:#b04a00;--good:#00704f;--bad:#a3300a}
        @media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1e2328;--ink:#eceff2;
        --soft:#a9b3bd;--line:#3c454e;--bar:#56b4e9;--lag:#f2a65a;--good:#27b88d;--bad:#ff8a5c}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);overflow-wrap:anywhere;
        font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
        header,main,footer{max-width:66rem;margin:0 auto;padding:0 1rem}
        header{padding-top:1rem}
        h1{font-size:1.6rem;line-height:1.2;margin:0 0 .25rem}
        h2{font-size:1.1rem;margin:0 0 .4rem}
        p{margin:0 0 .6rem}
        header p,section p,footer,.none,figcaption{color:var(--soft)}
        section p,figcaption,.none{font-size:.875rem}
        .badge{display:inline-block;font-size:.9rem;font-weight:600;padding:.1rem .6rem;
        border:2px solid currentColor;border-radius:1rem;vertical-align:middle}
        .badge.good{color:var(--good)}
        .badge.bad{color:var(--bad)}
        .reasons{margin:0 0 .6rem;padding:0;list-style:none;color:var(--bad)}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem;
        margin:.6rem 0;padding:0;list-style:none}
        .tiles li,section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;
        padding:.6rem .8rem;min-width:0}
        .tiles b{display:block;font-size:1.5rem;line-height:1.25;font-variant-numeric:tabular-nums}
        .tiles span{color:var(--soft);font-size:.875rem}
        .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));
        gap:.6rem;margin:.6rem 0}
        figure{margin:0 0 .4rem}
        svg{display:block;width:100%;height:3.5rem;border-bottom:1px solid var(--line)}
        path{fill:none;stroke-width:2;vector-effect:non-scaling-stroke}
        path.rate{stroke:var(--bar)}
        path.lag{stroke:var(--lag);stroke-dasharray:5 2}
        .key{display:inline-block;width:1.4rem;margin-right:.4rem;vertical-align:middle;
        border-top:3px solid var(--bar)}
        .key.lag{border-top:3px dashed var(--lag)}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
        th,td{text-align:left;padding:.2rem .6rem .2rem 0;border-bottom:1px solid var(--line);
        font-size:.9rem;vertical-align:top}
        th{color:var(--soft);font-weight:500}
        th.number,td.number{text-align:right;padding-right:0;padding-left:.6rem;white-space:nowrap;
        overflow-wrap:normal}
        .bar{display:block;height:.4rem;margin-top:.15rem;border-radius:.2rem;background:var(--bar);
        min-width:2px}
        a{color:inherit}
        footer{padding-bottom:1.5rem;font-size:.875rem}
        """
}
