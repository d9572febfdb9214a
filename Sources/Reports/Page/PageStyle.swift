/// How a page looks: colours, patterns and layout, all inside the page itself.
enum PageStyle {
    /// Patterns of the pieces of bars, one for each series; their colours come from `css`.
    static let patterns = """
        <svg class="defs" width="0" height="0" aria-hidden="true" focusable="false"><defs>
        <pattern id="p-blue" width="8" height="8" patternUnits="userSpaceOnUse">\
        <rect class="blue" width="8" height="8"/></pattern>
        <pattern id="p-sky" width="6" height="6" patternUnits="userSpaceOnUse">\
        <rect class="sky" width="6" height="6"/><circle class="ink" cx="3" cy="3" r="1"/></pattern>
        <pattern id="p-green" width="8" height="8" patternUnits="userSpaceOnUse">\
        <rect class="green" width="8" height="8"/>\
        <path class="paper-line" d="M0 4H8"/></pattern>
        <pattern id="p-vermillion" width="7" height="7" patternUnits="userSpaceOnUse" \
        patternTransform="rotate(45)"><rect class="vermillion" width="7" height="7"/>\
        <path class="paper-line" d="M0 0V7"/></pattern>
        <pattern id="p-orange" width="7" height="7" patternUnits="userSpaceOnUse" \
        patternTransform="rotate(-45)"><rect class="orange" width="7" height="7"/>\
        <path class="ink-line" d="M0 0V7"/></pattern>
        <pattern id="p-purple" width="5" height="5" patternUnits="userSpaceOnUse">\
        <rect class="purple" width="5" height="5"/><path class="paper-line" d="M0 0V5"/></pattern>
        <pattern id="p-gray" width="6" height="6" patternUnits="userSpaceOnUse">\
        <rect class="gray" width="6" height="6"/><path class="ink-line" d="M0 0L6 6M6 0L0 6"/>\
        </pattern>
        <pattern id="p-hollow" width="8" height="8" patternUnits="userSpaceOnUse">\
        <rect class="hollow" width="8" height="8"/></pattern>
        </defs></svg>

        """

    /// Light and dark, narrow and wide, screen and paper.
    static let css = """
        :root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;--ink:#1b1f24;--soft:#545d68;\
        --line:#ccd2d9;--blue:#0072b2;--sky:#56b4e9;--green:#009e73;--vermillion:#d55e00;\
        --orange:#e69f00;--purple:#cc79a7;--gray:#9aa2ab;--hollow:#e7eaee;--link:#005a8c}
        @media (prefers-color-scheme:dark){:root{--paper:#14171a;--card:#1e2328;--ink:#eceff2;\
        --soft:#a9b3bd;--line:#3c454e;--blue:#3d9bd3;--sky:#86cdf5;--green:#27b88d;\
        --vermillion:#ef7e2b;--orange:#f2b632;--purple:#dc9abf;--gray:#7d8791;--hollow:#343c44;\
        --link:#86cdf5}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);\
        font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;\
        overflow-wrap:anywhere}
        header,main,footer{max-width:66rem;margin:0 auto;padding:0 1rem}
        header{padding-top:1.5rem}
        h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem}
        h2{font-size:1.2rem;margin:0 0 .25rem}
        p{margin:0 0 .75rem;max-width:46rem}
        header p,section>p,footer{color:var(--soft)}
        .tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:.75rem;\
        margin:1rem 0 1.5rem;padding:0;list-style:none}
        .tiles li{background:var(--card);border:1px solid var(--line);border-radius:.5rem;\
        padding:.6rem .8rem}
        .tiles b{display:block;font-size:1.6rem;line-height:1.25;font-variant-numeric:tabular-nums}
        .tiles span{color:var(--soft);font-size:.875rem;display:block}
        .grid{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
        .grid>section.wide{grid-column:1/-1}
        section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;\
        padding:1rem;min-width:0}
        figure{margin:0}
        .legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:0 0 .2rem;\
        padding:0;font-size:.875rem}
        .legend li{display:flex;align-items:center;gap:.4rem}
        .swatch{flex:none}
        .chart{display:grid;grid-template-columns:fit-content(11rem) minmax(0,1fr) \
        fit-content(13rem);gap:.4rem .75rem;align-items:center}
        .wide .chart{grid-template-columns:fit-content(14rem) minmax(0,1fr) fit-content(22rem)}
        .legend,.empty{grid-column:1/-1}
        .row{display:contents}
        .value{font-variant-numeric:tabular-nums;font-size:.9rem}
        .bar{display:block;overflow:hidden}
        .track{fill:var(--line)}
        .piece,.swatch rect{stroke:var(--ink);stroke-width:1}
        .blue{fill:var(--blue)}.sky{fill:var(--sky)}.green{fill:var(--green)}
        .vermillion{fill:var(--vermillion)}.orange{fill:var(--orange)}.purple{fill:var(--purple)}
        .gray{fill:var(--gray)}.hollow{fill:var(--hollow)}.ink{fill:var(--ink)}
        .paper-line{stroke:var(--paper);stroke-width:2;fill:none}
        .ink-line{stroke:var(--ink);stroke-width:1;fill:none}
        .defs{position:absolute}
        details{margin-top:.75rem}
        summary{cursor:pointer;color:var(--link);font-size:.9rem}
        .scroll{overflow-x:auto;max-width:100%}
        table{border-collapse:collapse;font-size:.875rem;overflow-wrap:normal;\
        font-variant-numeric:tabular-nums}
        caption{text-align:left;color:var(--soft);padding:.4rem 0}
        th,td{padding:.25rem .6rem;border-bottom:1px solid var(--line);text-align:right;\
        white-space:nowrap}
        th:first-child{text-align:left}
        thead th{vertical-align:bottom}
        footer{padding-bottom:2rem;margin-top:1rem;font-size:.9rem}
        dt{font-weight:600;color:var(--ink);margin-top:.5rem}
        dd{margin:0}
        @media (max-width:44rem){
        h1{font-size:1.4rem}
        .grid{grid-template-columns:minmax(0,1fr)}
        .tiles{grid-template-columns:1fr 1fr;gap:.5rem}
        .tiles b{font-size:1.3rem}
        section{padding:.75rem}
        .chart,.wide .chart{display:block}
        .row{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 .75rem;margin:.5rem 0}
        .row .bar{grid-column:1/-1;grid-row:2}
        .wide .row .value{grid-column:1/-1;grid-row:3}
        }
        @media print{body{background:#fff}section{break-inside:avoid}}

        """
}
