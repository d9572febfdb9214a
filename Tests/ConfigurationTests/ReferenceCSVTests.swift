import Configuration
import Qualification
import DefinitionFiles
import Testing

@Suite("Reference data is read from CSV")
struct ReferenceCSVTests {
    /// Rows as `key value`, faults as `line:column: message`.
    private func read(_ table: ReferenceTable, _ text: String) -> [String] {
        var csv = ReferenceCSV(table: table, path: "f.csv", freeMailDomains: ["gmail.com"])
        var events: [String] = []
        let note: (ReferenceCSV.Event) -> Void = { event in
            switch event {
            case .row(let row):
                events.append("\(row.key) \(String(decoding: row.value, as: UTF8.self))")
            case .fault(let fault):
                events.append("\(fault.line):\(fault.column): \(fault.message)")
            }
        }
        csv.read(Array(text.utf8), emit: note)
        csv.finish(emit: note)
        return events
    }

    @Test func accountsBecomeRecords() {
        let rows = read(
            .accounts,
            #"""
            status,domain,name,employees,annual_revenue,industry,country,owner_id
            customer,HTTPS://www.Acme.com/about,"Acme, ""Inc""",50.0,1200000.5,software,uk,ann
            , b.co , , , ,,,
            partner,c.io,Ünï,0,1e6,,NO,
            """#)
        #expect(
            rows == [
                #"acme.com {"domain":"acme.com","name":"Acme, \"Inc\"","employees":50,"#
                    + #""annual_revenue":1200000.5,"industry":"software","country":"GB","#
                    + #""owner_id":"ann","status":"customer"}"#,
                #"b.co {"domain":"b.co"}"#,
                #"c.io {"domain":"c.io","name":"Ünï","employees":0,"annual_revenue":1000000,"#
                    + #""country":"NO","status":"partner"}"#,
            ])
    }

    @Test func campaignsBecomeRecords() {
        let rows = read(
            .campaigns, "campaign_id,name,channel,product,cost\nC-1,\"a\nb\",email,crm,-0\n")
        #expect(
            rows == [
                #"C-1 {"campaign_id":"C-1","name":"a\nb","channel":"email","#
                    + #""product":"crm","cost":0}"#
            ])
    }

    @Test func suppressionsBecomeRecords() {
        let rows = read(
            .suppressions, "entry,reason\n Ann@Gmail.com ,asked\nwww.acme.com.,\nmail.acme.com,x\n")
        #expect(
            rows == [
                #"ann@gmail.com {"entry":"ann@gmail.com","reason":"asked"}"#,
                #"acme.com {"entry":"acme.com"}"#,
                #"mail.acme.com {"entry":"mail.acme.com","reason":"x"}"#,
            ])
    }

    @Test func goodRowsGoThoughOthersAreAtFault() {
        let events = read(
            .accounts,
            #"""
            domain,employees,annual_revenue,country,status
            a.com,1,2,US,prospect
            b.com,-1,1.5.0,XX,custmer
            c.com,1
            ,1,,,
            d@e.com,1.5,9e15,,
            f.com,9007199254740993,,,partner
            g.com,1,,,Partner
            h.com,"1"x,,,
            i.com,1,,,
            """#)
        #expect(
            events == [
                #"a.com {"domain":"a.com","employees":1,"annual_revenue":2,"country":"US","#
                    + #""status":"prospect"}"#,
                "3:7: 'employees' must be a whole number of at least 0, not '-1'",
                "3:10: 'annual_revenue' must be a number of at least 0, not '1.5.0'",
                "3:16: 'XX' is not a country; write the two letters of ISO 3166-1, such as US",
                "3:19: 'custmer' is not a status of accounts; did you mean 'customer'?",
                "4:1: the row has 2 cells and the header 5",
                "5:1: 'domain' is empty: it is the key",
                "6:1: 'd@e.com' is not a domain, such as example.com",
                "6:9: 'employees' must be a whole number of at least 0, not '1.5'",
                "7:7: 'employees' must be a whole number of at least 0, not '9007199254740993'",
                "8:11: 'Partner' is not a status of accounts; did you mean 'partner'?",
                "9:10: text after a closing quote; double a quote that belongs to the cell",
                #"i.com {"domain":"i.com","employees":1}"#,
            ])
    }

    @Test(arguments: [
        ("gmail.com", "'gmail.com' is a free-mail domain; suppressing it would stop everyone"),
        ("WWW.Gmail.com", "'gmail.com' is a free-mail domain"),
        ("acme", "'acme' has no dot"),
        ("@acme.com", "'@acme.com' is neither an e-mail address nor a domain"),
        ("a b.com", "'a b.com' is neither an e-mail address nor a domain"),
        ("*.wild.example", "'*.wild.example' is a pattern; write one e-mail address, or a domain,"),
        ("*@acme.com", "'*@acme.com' is a pattern"),
        ("acme..com", "'acme..com': 'acme..com' is not a domain"),
        (".acme.com", "'.acme.com': '.acme.com' is not a domain"),
        ("ac,me.com", "the row has 2 cells"),
        ("-acme.com", "'-acme.com': '-acme.com' is not a domain"),
        ("ann@*.acme.com", "'ann@*.acme.com' is a pattern"),
        ("a*b.com", "'a*b.com' is a pattern"),
        ("i\u{2764}.ws", "'i\u{2764}.ws': 'i\u{2764}.ws' is not a domain"),
        ("ann@acme", "'ann@acme' is neither an e-mail address nor a domain"),
    ])
    func suppressionsThatWouldStopTooManyAreRefused(_ entry: String, _ start: String) {
        let events = read(.suppressions, "entry\n\(entry)\nok.com\n")
        #expect(events.first?.hasPrefix("2:1: \(start)") == true, "\(events)")
        #expect(events.last == #"ok.com {"entry":"ok.com"}"#)
    }

    @Test(arguments: [
        "a*b@x.com", "pat@acme-.example", "x@mail..co", "me@i\u{2764}.ws", "ann@acme.com.",
        "*b@x.com", "a*@x.com", "me@mail.*", "pat@-acme.example",
    ])
    func everyAddressThatTheWorkerTakesCanBeSuppressed(_ email: String) throws {
        #expect(Address.email(email) == email)
        #expect(read(.suppressions, "entry\n\(email)\n") == [#"\#(email) {"entry":"\#(email)"}"#])
    }

    @Test(arguments: ["*.acme.com", "acme..com", "ac me.com", "acme.com;x.com", "-acme.com"])
    func whatIsNoDomainIsNoAccount(_ domain: String) {
        let events = read(.accounts, "domain\n\(domain)\nb\u{fc}cher.de\nmy_site.co\n")
        #expect(events.first == "2:1: '\(domain)' is not a domain, such as example.com")
        #expect(events.count == 3, "\(events)")
    }

    @Test(
        arguments: [
            ("", ["1:1: the file has no header; its columns: domain, name, employees,"]),
            (
                "domain,stauts\na.com,x\n",
                ["1:8: 'stauts' is not a column of accounts; did you mean "]
            ),
            ("name\nAcme\n", ["1:1: the column 'domain' is missing: it is the key"]),
            ("domain,domain\na.com,a.com\n", ["1:8: the column 'domain' is there twice"]),
            (
                "domain;name\na.com;Acme\n",
                [
                    "1:1: 'domain;name' is not a column of accounts; separate cells with commas",
                    "1:1: the column 'domain' is missing",
                ]
            ),
            (
                "domain,nmae,status\na.com,x,lost\n",
                ["1:8: 'nmae' is not a column", "2:9: 'lost' is not a status"]
            ),
            ("dom\"ain\na.com\n", ["1:4: a quote inside a cell"]),
        ] as [(String, [String])])
    func afterAFaultInTheHeaderNoRowGoes(_ text: String, _ starts: [String]) {
        let events = read(.accounts, text)
        #expect(events.count == starts.count, "\(events)")
        for (event, start) in zip(events, starts) {
            #expect(event.hasPrefix(start), "\(event)")
        }
    }

    @Test func controlCharactersAreEscaped() {
        let rows = read(.campaigns, "campaign_id,name\nc\\1,\"tab\there\u{1}\"\n")
        #expect(rows == [#"c\1 {"campaign_id":"c\\1","name":"tab\there\u0001"}"#])
    }

    @Test func whetherRowsGoIsKnown() {
        var csv = ReferenceCSV(table: .accounts, path: "f", freeMailDomains: [])
        csv.read(Array("name\n".utf8)) { _ in }
        #expect(!csv.isHeaderGood)
    }
}
