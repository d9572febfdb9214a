#!/usr/bin/env python3
"""Writes a deterministic stream of sample leads and activities, and the reference data they need.

    generate.py --out FOLDER [--seed 7] [--leads 3000] [--activities 40000] [--days 5]
                [--start 2026-11-16T08:00:00Z | --end now]

FOLDER gets events.jsonl, accounts.csv, campaigns.csv, suppressions.csv and about.json. The same
arguments (with --start or a fixed --end) give the same bytes; only the standard library is used.

One line of events.jsonl is one Kafka record, in the order of its timestamps:

    {"topic":"marketing.activities","key":"lead-000123","timestamp":1795291100832,"value":{...}}

A value that is not JSON is written as "raw_base64", a missing one as null.
"""
import argparse
import base64
import csv
import datetime
import itertools
import json
import random
import sys
import uuid
from pathlib import Path

NAMESPACE = uuid.UUID("6f1d1f5e-2d0b-5c7e-9a55-0f6c1f0b9d11")
LEADS, ACTIVITIES, DISPOSITIONS = "marketing.leads", "marketing.activities", "sales.dispositions"
DAY = 86_400_000

FIRST = """Ada Amir Ana Anders Aisha Ben Bianca Carla Chen Claire Daniel Dario Deepa Elif Elena Emma
Erik Fatima Felix Gita Grace Hana Hugo Ines Ivan Jana Jonas Julia Kenji Lars Laura Lea Liam Lucia
Luis Maja Marc Maria Mei Mila Mona Nadia Nina Noah Nora Oliver Omar Paula Pedro Priya Rafael Rosa
Ruth Sam Sara Sofia Tariq Theo Tom Uma Vera Victor Wei Yara Yusuf Zoe""".split()
LAST = """Adler Almeida Andersen Bauer Becker Bennett Berg Bianchi Bonnet Brandt Carter Chen Costa
Das Diaz Dubois Evans Fischer Fontaine Garcia Gupta Haas Hansen Hughes Ito Jansen Jensen Kaur Keller
Khan Kim Klein Kowalski Lang Larsen Lee Lopez Marino Martin Meyer Moreau Morgan Murphy Nair Nguyen
Novak Okafor Olsen Park Patel Perez Quinn Reyes Ricci Rossi Santos Schmidt Silva Singh Smit Sousa
Tanaka Taylor Torres Vogel Wagner Walsh Weber Wong Young Zhang""".split()
COMPANY_A = """amber alder apex argent atlas aurora beacon birch blue bright cedar clear cobalt coral
crest delta drift echo ember fern field flint forge glen granite harbor hazel helio high indigo iron
juniper keystone lake lark linden lumen maple meadow mesa north nova oak onyx orchard pine prairie
quarry quill raven ridge river rowan sable sage silver slate solar spring summit swift tidal timber
umber valley vertex west willow zephyr""".split()
COMPANY_B = """analytics bank biotech books capital care cloud coffee dental design devices dynamics
energy farms finance foods freight games health homes hotels insurance labs legal logistics machines
materials media metals mobility motors networks optics paper partners payments pharma power print
retail robotics schools security shipping software solutions studio supply systems telecom textiles
tools travel ventures works""".split()
INDUSTRIES = ["software"] * 5 + ["finance"] * 3 + ["manufacturing"] * 4 + [
    "retail", "healthcare", "education", "logistics", "media", "hospitality", "energy", "legal"]
COUNTRIES = ["US"] * 9 + ["GB"] * 3 + ["DE"] * 4 + ["CA"] * 2 + [
    "FR", "FR", "NL", "IN", "IN", "SG", "AU", "BR", "ES", "IT", "SE", "PL", "JP", "MX", "ZA", "NO"]
# Weight, title. Later rows are the people who read and never buy.
TITLES = [
    (3, "Chief Financial Officer"), (2, "CTO"), (2, "CMO"), (3, "VP Sales"), (3, "VP Marketing"),
    (2, "Vice President Finance"), (2, "VP of Engineering"), (4, "Head of Marketing"),
    (4, "Director of Sales"), (4, "Finance Director"), (3, "Director, Sales Operations"),
    (8, "Sales Manager"), (8, "Marketing Manager"), (5, "IT Manager"), (6, "Product Manager"),
    (9, "Account Executive"), (8, "Software Engineer"), (6, "Marketing Specialist"),
    (6, "Accountant"), (5, "Consultant"), (5, "Analyst"), (4, "Operations Coordinator"),
    (3, "Student"), (2, "Marketing Intern"), (2, "Founder"), (3, "Office Administrator")]
PRODUCTS = ["crm", "analytics", "billing"]
FREE_MAIL = ["gmail.com", "outlook.com", "yahoo.com"]
CHANNELS = ["paid_search", "organic", "email", "social", "webinar", "event", "referral", "partner"]
# Weight, type, properties. {n} is a small number, {p} a product, {a} an asset.
KINDS = [
    (430, "page_view", '{"path":"/{p}/{a}","seconds_on_page":{n},"device":"desktop"}'),
    (60, "page_view", '{"path":"/blog/{a}","seconds_on_page":{n},"device":"mobile"}'),
    (210, "email_open", '{"email":"newsletter-{n}","client":"webmail","list":"{p}"}'),
    (50, "email_click", '{"email":"newsletter-{n}","link":"/{p}/{a}","device":"mobile"}'),
    (40, "content_download", '{"asset":"{a}-whitepaper.pdf","pages":{n},"form":"gated"}'),
    (13, "webinar_attended", '{"webinar":"{p}-live-{n}","minutes":{n},"asked_question":false}'),
    (5, "event_attended", '{"event":"roadshow-{n}","booth":"{p}","badge_scanned":true}'),
    (30, "pricing_view", '{"path":"/pricing/{p}","plan":"team","seats":{n},"currency":"USD"}'),
    (15, "form_submit", '{"form":"contact-{p}","fields":{n},"page":"/{p}/{a}"}'),
    (7, "trial_started", '{"plan":"team","seats":{n},"data_center":"eu-1"}'),
    (3, "demo_requested", '{"form":"demo-{p}","team_size":{n},"timeframe":"quarter"}'),
    (6, "email_unsubscribed", '{"email":"newsletter-{n}","list":"{p}","method":"link"}'),
    (60, "video_played", '{"video":"{a}-tour","seconds":{n},"finished":false}'),
    (40, "docs_search", '{"query":"{a} {p}","results":{n},"clicked":true}'),
    (25, "chat_message", '{"page":"/{p}/{a}","words":{n},"bot":true}')]
ASSETS = ["forecasting", "pipeline", "onboarding", "integrations", "security", "roi-calculator",
          "migration", "reporting", "automation", "customer-story", "api-guide", "invoicing"]


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Writes a deterministic stream of sample leads, activities and reference data.")
    parser.add_argument("--out", type=Path, required=True, help="folder for the files")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--leads", type=int, default=3_000)
    parser.add_argument("--activities", type=int, default=40_000)
    parser.add_argument("--days", type=float, default=5, help="time the stream spans")
    parser.add_argument("--start", help="RFC 3339 time of the first event")
    parser.add_argument("--end", help="RFC 3339 time of the last event, or now (the default)")
    parser.add_argument("--lead-prefix", default="lead-")
    parser.add_argument("--updates", type=float, default=0.1,
                        help="share of leads that are updated later (default 0.1)")
    parser.add_argument("--bad", type=int, default=3,
                        help="bad records per dead-letter code (default 3)")
    parser.add_argument("--repeats", type=float, default=0.004,
                        help="share of activities sent twice (default 0.004)")
    parser.add_argument("--late", type=float, default=0.01,
                        help="share of activities that arrive hours late (default 0.01)")
    parser.add_argument("--journeys", type=float, default=0.01,
                        help="share of leads that surely qualify and get an answer from sales")
    options = parser.parse_args()
    if options.leads < 1 or options.activities < 0:
        parser.error("--leads must be at least 1, and --activities at least 0")
    return options


def to_ms(text):
    return int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def stamper():
    """A function from milliseconds to RFC 3339; days are looked up, the rest is arithmetic."""
    days = {}

    def stamp(ms):
        day, rest = divmod(ms, DAY)
        prefix = days.get(day)
        if prefix is None:
            prefix = days[day] = (datetime.date(1970, 1, 1) + datetime.timedelta(day)).isoformat()
        seconds, ms = divmod(rest, 1000)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{prefix}T{hours:02}:{minutes:02}:{seconds:02}.{ms:03}Z"
    return stamp


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Sample:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        span = int(options.days * DAY)
        if options.start:
            self.start = to_ms(options.start)
        elif options.end in (None, "now"):
            now = datetime.datetime.now(datetime.timezone.utc)
            self.start = int(now.timestamp() * 1000) - span
        else:
            self.start = to_ms(options.end) - span
        self.span = span
        self.stamp = stamper()
        self.events = []    # (kafka ms, order, topic, key, value as text or bytes or None)
        self.order = itertools.count()

    def event_id(self):
        x = f"{self.random.getrandbits(128):032x}"
        return f"{x[:8]}-{x[8:12]}-{x[12:16]}-{x[16:20]}-{x[20:]}"

    def add(self, ms, topic, key, value):
        self.events.append((ms, next(self.order), topic, key, value))

    # --- Reference data ---------------------------------------------------------------------------

    def make_reference(self):
        pick = self.random
        count = max(60, self.options.leads // 5)
        names = [a + b for a in COMPANY_A for b in COMPANY_B]
        pick.shuffle(names)
        self.companies = []
        for index in range(count):
            name = names[index % len(names)]
            round_ = index // len(names)
            domain = f"{name}{round_ or ''}.example"
            employees = int(2 ** pick.triangular(2, 13.5, 6.2))
            self.companies.append({
                "domain": domain, "name": domain.split(".")[0].capitalize(),
                "employees": employees,
                "annual_revenue": round(employees * pick.uniform(60_000, 220_000), -3),
                "industry": pick.choice(INDUSTRIES), "country": pick.choice(COUNTRIES),
                "owner_id": f"rep-{pick.randrange(24):02}" if pick.random() < 0.4 else "",
                "status": pick.choices(["prospect", "customer", "competitor", "partner"],
                                       [88, 7, 2, 3])[0],
            })
        # A tenth of the companies is not known to the CRM; what the lead says has to do.
        self.accounts = [c for c in self.companies if pick.random() > 0.1]
        self.campaigns = [{
            "campaign_id": f"cmp-2026-{index:03}",
            "name": f"{channel.replace('_', ' ').capitalize()} {season} {index}",
            "channel": channel, "product": product, "cost": pick.randrange(500, 40_000, 50),
        } for index, (channel, season, product) in enumerate(
            (pick.choice(CHANNELS), pick.choice(["spring", "summer", "autumn", "winter"]),
             pick.choice(PRODUCTS + [""])) for _ in range(36))]

    def make_suppressions(self):
        pick = self.random
        rows = [{"entry": lead["email"], "reason": pick.choice(["unsubscribed", "complaint"])}
                for lead in pick.sample(self.leads, min(len(self.leads),
                                                        max(2, len(self.leads) // 150)))
                if "email" in lead]
        rows += [{"entry": company["domain"], "reason": "legal hold"}
                 for company in pick.sample(self.companies, max(1, len(self.companies) // 200))]
        self.suppressions = rows

    # --- People -----------------------------------------------------------------------------------

    def make_leads(self):
        pick, options = self.random, self.options
        weights, titles = zip(*TITLES)
        titles = pick.choices(titles, weights, k=options.leads)
        self.leads = []
        for index in range(options.leads):
            first, last = pick.choice(FIRST), pick.choice(LAST)
            company = pick.choice(self.companies)
            at = self.start + int(self.span * 0.75 * pick.random() ** 1.5)
            lead = {"event_id": self.event_id(), "type": "lead.captured",
                    "occurred_at": self.stamp(at),
                    "lead_id": f"{options.lead_prefix}{index:06}"}
            host = company["domain"] if pick.random() < 0.78 else pick.choice(FREE_MAIL)
            if pick.random() < 0.97:
                lead["email"] = f"{first}.{last}{index % 97 or ''}@{host}".lower()
            lead["first_name"], lead["last_name"] = first, last
            if pick.random() < 0.35:
                lead["phone"] = f"+1 555 01{index % 100:02} {pick.randrange(10_000):04}"
            if pick.random() < 0.93:
                lead["job_title"] = titles[index]
            if pick.random() < 0.8:
                lead["company_name"] = company["name"]
            if pick.random() < 0.6:
                lead["company_domain"] = company["domain"]
            if pick.random() < 0.95:
                lead["country"] = company["country"]
            if pick.random() < 0.4:
                lead["employees"] = company["employees"]
            if pick.random() < 0.3:
                lead["industry"] = company["industry"]
            roll = pick.random()
            if roll < 0.85:
                lead["product_interest"] = pick.sample(PRODUCTS, 1 if roll < 0.65 else 2)
            campaign = pick.choice(self.campaigns)
            if pick.random() < 0.7:
                lead["source"] = {"channel": campaign["channel"],
                                  "campaign_id": campaign["campaign_id"]}
            roll = pick.random()
            if roll < 0.94:
                lead["consent"] = {"contact": roll < 0.88}
            self.leads.append(lead)
            self.add(at + pick.randrange(5, 400), LEADS, lead["lead_id"], compact(lead))
            if pick.random() < options.updates:
                self.update(lead, at)

    def update(self, lead, at):
        pick = self.random
        at += int((self.start + self.span - at) * pick.random())
        change = {"event_id": self.event_id(), "type": "lead.updated",
                  "occurred_at": self.stamp(at), "lead_id": lead["lead_id"]}
        roll = pick.random()
        if roll < 0.4:
            change["job_title"] = pick.choice(TITLES)[1]
        elif roll < 0.6:
            change["product_interest"] = [pick.choice(PRODUCTS)]
        elif roll < 0.9:
            change["consent"] = {"contact": pick.random() < 0.7}
        else:
            change["phone"] = f"+44 20 7946 {pick.randrange(1000):04}"
        self.add(at + pick.randrange(5, 400), LEADS, lead["lead_id"], compact(change))

    # --- What they do -----------------------------------------------------------------------------

    def activity_templates(self):
        """Ready-made middle and end of an activity, so that making one is a few joins."""
        pick, made = self.random, []
        for _ in range(4096):
            _, kind, properties = pick.choices(KINDS, [k[0] for k in KINDS])[0]
            product = pick.choice(PRODUCTS)
            for mark, text in (("{p}", product), ("{a}", pick.choice(ASSETS)),
                               ("{n}", str(pick.randrange(2, 240)))):
                properties = properties.replace(mark, text)
            campaign, tag = pick.choice(self.campaigns), ""
            if pick.random() < 0.3:
                tag += f'"product":"{product}",'
            roll = pick.random()
            if roll < 0.08:
                tag += f'"campaign_id":"{campaign["campaign_id"]}",'
            if roll < 0.75:
                source = (f'"source":{{"channel":"{campaign["channel"]}",'
                          f'"campaign_id":"{campaign["campaign_id"]}"}},')
            else:
                source = f'"source":{{"channel":"{pick.choice(CHANNELS)}"}},'
            made.append((f'","type":"{kind}","occurred_at":"',
                         f'",{tag}{source}"properties":{properties}}}'))
        return made

    def make_activities(self):
        pick, options, stamp = self.random, self.options, self.stamp
        getrandbits, rand, end = pick.getrandbits, pick.random, self.start + self.span
        templates = self.activity_templates()
        ids = [lead["lead_id"] for lead in self.leads]
        captured = [to_ms(lead["occurred_at"]) for lead in self.leads]
        # Interest is uneven: a few leads do a lot, most do little.
        weights = list(itertools.accumulate(pick.paretovariate(1.6) for _ in ids))
        repeated = int(options.activities * options.repeats)
        late_share, events, order = options.late, self.events, self.order
        append = events.append
        first = len(events)
        for who in pick.choices(range(len(ids)), cum_weights=weights,
                                k=options.activities - repeated):
            # A twentieth of the time before the form was filled in: visits known by cookie.
            since = captured[who]
            at = kafka = since + int((end - since) * (rand() * 1.05 - 0.05))
            if rand() < late_share:
                at -= int(rand() * 36 * 3_600_000)
            x = f"{getrandbits(128):032x}"
            kind, rest = templates[getrandbits(12)]
            key = ids[who]
            append((kafka + 5 + getrandbits(8), next(order), ACTIVITIES, key,
                    f'{{"event_id":"{x[:8]}-{x[8:12]}-{x[12:16]}-{x[16:20]}-{x[20:]}{kind}'
                    f'{stamp(at)}","lead_id":"{key}{rest}'))
        for kafka, _, topic, key, value in pick.choices(events[first:], k=repeated):
            self.add(min(kafka + pick.randrange(1_000, 3_600_000), end), topic, key, value)

    # --- Journeys that surely end at sales, and what sales said ---------------------------------

    def make_journeys(self):
        pick = self.random
        for index in range(int(self.options.leads * self.options.journeys)):
            lead_id = f"{self.options.lead_prefix}vip-{index:04}"
            at = self.start + int(self.span * 0.5 * pick.random())
            first, last = pick.choice(FIRST), pick.choice(LAST)
            self.send(LEADS, at, lead_id, type="lead.captured",
                      email=f"{first}.{last}{index}@key-account-{index}.example".lower(),
                      first_name=first, last_name=last, job_title="VP Sales",
                      company_name=f"Key account {index}", country="US", employees=1500,
                      industry="software", product_interest=["crm"],
                      source={"channel": "event"}, consent={"contact": True})
            for hours, kind in ((1, "pricing_view"), (2, "trial_started"), (3, "demo_requested")):
                self.send(ACTIVITIES, at + hours * 3_600_000, lead_id, type=kind, product="crm")
            self.answer(lead_id, at + 3 * 3_600_000)

    def answer(self, lead_id, qualified):
        pick = self.random
        mql = str(uuid.uuid5(NAMESPACE, f"{lead_id}|crm|1"))
        steps = pick.choice([["accepted"], ["accepted", "contacted"],
                             ["accepted", "contacted", "opportunity"],
                             ["accepted", "contacted", "opportunity", "won"], ["rejected"], []])
        for index, step in enumerate(steps):
            more = {}
            if step == "rejected":
                more["reason"] = pick.choice(["bad_timing", "no_budget", "wrong_size"])
            if step == "won":
                more["revenue"] = pick.randrange(5_000, 90_000, 500)
            self.send(DISPOSITIONS, qualified + (index + 1) * 2 * 3_600_000, lead_id, type=step,
                      mql_id=mql, product="crm", by=f"rep-{pick.randrange(24):02}", **more)

    def send(self, topic, at, lead_id, key=None, delay=20, **fields):
        body = {"event_id": self.event_id(), "type": None, "occurred_at": self.stamp(at),
                "lead_id": lead_id}
        body.update(fields)
        self.add(at + delay, topic, lead_id if key is None else key, compact(body))
        return body

    # --- Records that belong into the dead letters -----------------------------------------------

    def make_bad(self):
        for index in range(self.options.bad):
            self.make_one_bad_of_each(f"{self.options.lead_prefix}bad-{index:02}",
                                      self.start + int(self.span * (0.3 + 0.1 * index) % self.span))

    def make_one_bad_of_each(self, lead_id, at):
        good = {"type": "page_view"}

        def raw(value, key=lead_id, topic=ACTIVITIES):
            self.add(at + 20, topic, key, value)

        def body(**fields):
            made = {"event_id": self.event_id(), "type": "page_view",
                    "occurred_at": self.stamp(at), "lead_id": lead_id}
            made.update(fields)
            return compact({name: value for name, value in made.items() if value is not ...})

        raw(body(properties={"text": " " * (1 << 20)}))                        # too_large
        raw('{"event_id": "cut off')                                           # not_json
        raw(b"\xff\xfe\x00 not text")
        raw(None)
        raw("[1,2,3]")
        raw(body(event_id=...))                                                # missing_field
        raw(body(lead_id=" "))
        raw(body(type=17))                                                     # wrong_type
        raw(body(occurred_at="yesterday"))                                     # bad_timestamp
        raw(body(occurred_at="1999-12-31T23:59:59Z"))
        raw(body(event_id="x" * 101))                                          # bad_value
        raw(body(type="lead.merged"), topic=LEADS)                             # unknown_type
        raw(body(), key="someone-else")                                        # key_mismatch
        raw(body(occurred_at=self.stamp(at + 2 * 3_600_000)))                  # occurred_in_future
        mql = str(uuid.uuid5(NAMESPACE, f"{lead_id}|crm|1"))
        sales = {"mql_id": mql, "product": "crm"}
        self.send(DISPOSITIONS, at, lead_id, type="accepted",                  # unknown_product
                  **{**sales, "product": "timesheets"})
        self.send(DISPOSITIONS, at, lead_id, type="rejected", reason="bad_mood", **sales)
        self.send(DISPOSITIONS, at, lead_id, type="accepted", **sales)         # unknown_mql
        self.send(LEADS, at, lead_id, type="lead.captured", email="not an address",
                  country="Narnia", employees="many", consent={"contact": True},
                  product_interest=["crm"])                                    # field_ignored
        self.send(ACTIVITIES, at, lead_id, product=42, **good)

    # --- Files ------------------------------------------------------------------------------------

    def write(self):
        folder = self.options.out
        folder.mkdir(parents=True, exist_ok=True)
        self.events.sort()
        with open(folder / "events.jsonl", "w", encoding="utf-8") as out:
            write = out.write
            for ms, _, topic, key, value in self.events:
                if isinstance(value, str) and value.startswith('{"') and value.endswith("}"):
                    write(f'{{"topic":"{topic}","key":"{key}","timestamp":{ms},"value":{value}}}\n')
                elif value is None:
                    write(f'{{"topic":"{topic}","key":"{key}","timestamp":{ms},"value":null}}\n')
                else:
                    data = value if isinstance(value, bytes) else value.encode()
                    write(f'{{"topic":"{topic}","key":"{key}","timestamp":{ms},"raw_base64":'
                          f'"{base64.b64encode(data).decode()}"}}\n')
        for name, rows in (("accounts", self.accounts), ("campaigns", self.campaigns),
                           ("suppressions", self.suppressions)):
            with open(folder / f"{name}.csv", "w", encoding="utf-8", newline="") as out:
                table = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
                table.writeheader()
                table.writerows(rows)
        about = {"events": len(self.events), "first": self.stamp(self.events[0][0]),
                 "last": self.stamp(self.events[-1][0]), "accounts": len(self.accounts),
                 "campaigns": len(self.campaigns), "suppressions": len(self.suppressions)}
        for topic in (LEADS, ACTIVITIES, DISPOSITIONS):
            about[topic] = sum(1 for event in self.events if event[2] == topic)
        (folder / "about.json").write_text(json.dumps(about, indent=2) + "\n")
        return about


def main():
    sample = Sample(parse_arguments())
    sample.make_reference()
    sample.make_leads()
    sample.make_suppressions()
    sample.make_activities()
    sample.make_journeys()
    sample.make_bad()
    json.dump(sample.write(), sys.stdout)
    print()


if __name__ == "__main__":
    main()
