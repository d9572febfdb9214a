/// The page at `/`: one file that asks for `/status` and `/metrics` again and again.
///
/// It needs no network but the worker itself, and its policy allows none. Everything that it shows
/// is set as text, never as markup.
package enum Dashboard {
    /// What the browser may do for the page (Content-Security-Policy).
    package static let policy =
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        + "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    /// The page.
    package static let page = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="no-referrer">
        <title>handoff</title>
        <style>
        \(style)
        </style>
        </head>
        <body>
        <header>
        <h1>handoff <span id="state" class="badge" role="status">asking</span></h1>
        <p id="about"></p>
        <ul id="reasons" class="reasons"></ul>
        </header>
        <main>
        <ul class="tiles">
        <li><b id="rate">-</b><span>records a second</span></li>
        <li><b id="lag">-</b><span>records waiting</span></li>
        <li><b id="mqls">-</b><span>MQLs since start</span></li>
        <li><b id="commit">-</b><span>since the last commit</span></li>
        </ul>
        <section class="wide"><h2>Throughput and lag</h2>
        <p>The last two minutes, as this page has seen them.</p>
        <figure><figcaption><i class="key rate"></i>records a second, at most
        <b id="most-rate">0</b></figcaption>
        <svg id="rate-line" viewBox="0 0 120 30" preserveAspectRatio="none" role="img"
        aria-label="records a second"><path class="rate"/></svg></figure>
        <figure><figcaption><i class="key lag"></i>records waiting, at most
        <b id="most-lag">0</b></figcaption>
        <svg id="lag-line" viewBox="0 0 120 30" preserveAspectRatio="none" role="img"
        aria-label="records waiting"><path class="lag"/></svg></figure>
        </section>
        <div class="grid">
        <section><h2>Lanes</h2><div id="lanes"></div></section>
        <section><h2>MQLs by product</h2><div id="products"></div></section>
        <section><h2>Status changes</h2><p>What became of leads, product by product.</p>
        <div id="statuses"></div></section>
        <section><h2>Answers of sales</h2><div id="answers"></div></section>
        <section><h2>Follow-up alerts</h2><div id="alerts"></div></section>
        <section><h2>Dead letters</h2><div id="dead"></div></section>
        <section><h2>Not counted</h2><p>Events that changed no score.</p>
        <div id="drops"></div></section>
        <section><h2>Worker</h2><div id="worker"></div></section>
        </div>
        </main>
        <footer><p>Counts are since this worker started, of what is committed. Other workers of the
        group have pages of their own. <a href="/status">status</a>
        <a href="/metrics">metrics</a></p></footer>
        <script>
        \(script)
        </script>
        </body>
        </html>

        """
}
