extension Dashboard {
    /// Asks, and shows what is answered; plain JavaScript without anything from outside.
    static let script = #"""
        "use strict";
        const every = 2000, kept = 60;
        const seen = [];
        const at = id => document.getElementById(id);
        const say = (id, text) => { at(id).textContent = text; };
        const whole = n => n === undefined || Number.isNaN(n) ? "-" :
          Math.round(n).toLocaleString("en");
        const time = s => s === undefined ? "-" : s < 10 ? s.toFixed(1) + " s" :
          s < 120 ? Math.round(s) + " s" : s < 7200 ? Math.round(s / 60) + " min" :
          s < 172800 ? Math.round(s / 3600) + " h" : Math.round(s / 86400) + " d";
        const bytes = n => n === undefined ? "-" : n < 1048576 ? whole(n / 1024) + " KiB" :
          whole(n / 1048576) + " MiB";

        function read(text) {
          const samples = [];
          for (const line of text.split("\n")) {
            const found = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
            if (!found || line.startsWith("#")) continue;
            const labels = {};
            for (const [, name, value] of (found[2] || "").matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g))
              labels[name] = value.replace(/\\(.)/g, (_, c) => c === "n" ? "\n" : c);
            samples.push({name: found[1], labels, value: Number(found[3])});
          }
          return samples;
        }

        const pick = (samples, name, by) => {
          const sums = new Map();
          for (const sample of samples) {
            if (sample.name !== name) continue;
            const key = by(sample.labels);
            if (key !== undefined) sums.set(key, (sums.get(key) || 0) + sample.value);
          }
          return sums;
        };
        const sum = (samples, name, fits = () => true) => {
          let total;
          for (const s of samples)
            if (s.name === name && fits(s.labels)) total = (total || 0) + s.value;
          return total;
        };

        function element(name, text, kind) {
          const made = document.createElement(name);
          if (text !== undefined) made.textContent = text;
          if (kind) made.className = kind;
          return made;
        }

        function table(id, heads, rows) {
          const place = at(id);
          if (!rows.length) return place.replaceChildren(element("p", "none so far", "none"));
          const made = element("table"), top = element("tr");
          heads.forEach((h, i) => top.append(element("th", h, i ? "number" : "")));
          made.append(top);
          for (const row of rows) {
            const line = element("tr");
            row.cells.forEach((c, i) => {
              const cell = element("td", c, i ? "number" : "");
              if (!i && row.share !== undefined) {
                const bar = element("span", undefined, "bar");
                bar.style.width = Math.round(100 * row.share) + "%";
                cell.append(bar);
              }
              line.append(cell);
            });
            made.append(line);
          }
          place.replaceChildren(made);
        }

        function bars(id, head, counts) {
          const rows = [...counts].filter(([, n]) => n > 0).sort((a, b) => b[1] - a[1]);
          const most = Math.max(1, ...rows.map(r => r[1]));
          table(id, [head, "since start"],
            rows.map(([name, n]) => ({cells: [name, whole(n)], share: n / most})));
        }

        function line(id, values) {
          const most = Math.max(1, ...values.filter(v => v !== undefined));
          const points = values.map((v, i) => v === undefined ? null :
            [(120 * (i + kept - values.length) / (kept - 1)).toFixed(1),
              (29 - 28 * v / most).toFixed(1)]).filter(p => p);
          at(id + "-line").querySelector("path").setAttribute("d",
            points.map((p, i) => (i ? "L" : "M") + p.join(" ")).join(""));
          say("most-" + id, whole(most === 1 ? Math.max(0, ...values.map(v => v || 0)) : most));
        }

        function showStatus(status) {
          const badge = at("state");
          const word = !status.live ? "stuck" : status.ready ? "ready" : status.phase;
          badge.textContent = word;
          badge.className = "badge " + (status.live && status.ready ? "good" : "bad");
          document.title = "handoff: " + word;
          say("about", `definition ${status.definition.name} version ` +
            `${status.definition.version}, group ${status.worker.group_id}, ` +
            `program ${status.worker.version}`);
          at("reasons").replaceChildren(...status.reasons.map(r => element("li", r)));
          say("lag", whole(status.lag_records));
          say("commit", time(status.commit_age_seconds));
          table("lanes", ["lane", "waiting", "committed"], status.lanes.map(lane => ({cells: [
            lane.state === "running" ? String(lane.lane) : `${lane.lane} restoring ` +
              `${whole(lane.restore.records)} of ${whole(lane.restore.of)}`,
            whole(lane.lag_records),
            lane.commit_age_seconds === undefined ? "-" :
              time(lane.commit_age_seconds) + " ago"]})));
        }

        function showMetrics(samples) {
          bars("products", "product", pick(samples, "handoff_messages_total",
            l => l.type === "mql.qualified" ? l.product : undefined));
          bars("statuses", "product and status",
            pick(samples, "handoff_status_changes_total", l => `${l.product}: ${l.status}`));
          bars("answers", "product and answer",
            pick(samples, "handoff_dispositions_total", l => `${l.product}: ${l.answer}`));
          bars("alerts", "alert", pick(samples, "handoff_messages_total",
            l => l.type.startsWith("sla.") ? `${l.product}: ${l.type.slice(4)}` : undefined));
          bars("dead", "reason", pick(samples, "handoff_dead_letters_total", l => l.reason));
          bars("drops", "reason", pick(samples, "handoff_events_dropped_total", l => l.reason));
          say("mqls", whole(sum(samples, "handoff_messages_total",
            l => l.type === "mql.qualified")));
          const one = name => sum(samples, name);
          const mean = name => one(name + "_sum") / one(name + "_count");
          table("worker", ["", ""], [
            ["a commit takes on average", time(mean("handoff_epoch_duration_seconds") || 0)],
            ["commits failed", whole(one("handoff_commit_failures_total"))],
            ["began again at the last commit", whole(one("handoff_rewinds_total"))],
            ["memory", bytes(one("process_resident_memory_bytes"))],
            ["of it profiles, about", bytes(one("handoff_hot_profile_bytes"))],
            ["on the way to the disk", bytes(one("handoff_flush_waiting_bytes"))],
            ["running for", time(Date.now() / 1000 - one("process_start_time_seconds"))],
          ].map(cells => ({cells})));
        }

        function remember(samples, lag) {
          const last = seen[seen.length - 1];
          const now = {at: performance.now(), records: sum(samples, "handoff_records_total") || 0,
            cpu: sum(samples, "process_cpu_seconds_total"), lag};
          if (last) now.rate = Math.max(0, now.records - last.records) * 1000 /
            (now.at - last.at);
          seen.push(now);
          if (seen.length > kept) seen.shift();
          say("rate", now.rate === undefined ? "-" : whole(now.rate));
          line("rate", seen.map(s => s.rate));
          line("lag", seen.map(s => s.lag));
        }

        async function ask() {
          try {
            const answers = await Promise.all(["/status", "/metrics"].map(async path => {
              const answer = await fetch(path, {signal: AbortSignal.timeout(5000)});
              if (!answer.ok) throw new Error(path);
              return answer.text();
            }));
            const status = JSON.parse(answers[0]), samples = read(answers[1]);
            showStatus(status);
            showMetrics(samples);
            remember(samples, status.lag_records);
          } catch (error) {
            at("state").textContent = "no answer";
            at("state").className = "badge bad";
          }
          setTimeout(ask, every);
        }
        ask();
        """#
}
