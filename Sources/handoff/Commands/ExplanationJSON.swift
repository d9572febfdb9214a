import Foundation
import Qualification
import Reports

/// An explanation as programs read it: the same content as the text.
struct ExplanationJSON: Encodable {
    struct Line: Encodable {
        var criterion: String
        var label: String
        var points: Double
        var evidence: [String: Value]
    }

    struct Published: Encodable {
        var status: String
        var codes: [String]
        var mqlId: String?

        init(status: Status, codes: [String]) {
            self.status = status.name
            self.codes = codes
        }

        init(_ published: PublishedStatus) {
            status = published.status.name
            codes = published.codes
            mqlId = published.mqlID?.description
        }
    }

    struct Outcome: Encodable {
        var steps: [String]
        var text: String
        var handRaise: Bool
        var fit: Double
        var engagement: Double?
    }

    struct Chance: Encodable {
        var criterion: String
        var gain: Double
        var when: String
        var notKnown: [String]
        var isEnough: Bool
    }

    struct Entry: Encodable {
        var product: String
        var interested: Bool
        var published: Published?
        /// What the next event would lead to without adding anything.
        var now: Published?
        var fitAtLeast: Double
        var engagementAtLeast: Double
        var handRaiseFitAtLeast: Double?
        var engagement: Double
        var engagementReasons: [Line]
        var missing: [String]
        var fitChances: [Chance]
        var wouldDo: [Outcome]
        var wouldDoAt: String?
        var engagementThen: Double?
        var obstacles: [String]
    }

    enum Value: Encodable {
        case text(String), number(Double), whole(Int64), bool(Bool)

        init(_ fact: FactValue) {
            switch fact {
            case .text(let text): self = .text(text)
            case .number(let number):
                self = Int64(exactly: number).map(Value.whole) ?? .number(number)
            case .bool(let bool): self = .bool(bool)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .text(let text): try container.encode(text)
            case .number(let number): try container.encode(number)
            case .whole(let whole): try container.encode(whole)
            case .bool(let bool): try container.encode(bool)
            }
        }
    }

    var leadId: String
    var asOf: String?
    var erasedAt: String?
    var definition: String
    var definitionVersion: Int
    var definitionSha256: String
    var published: Published?
    var fit: Double
    var fitReasons: [Line]
    var products: [Entry]

    init(_ explanation: Explanation) {
        leadId = explanation.leadID
        asOf = explanation.asOf?.description
        erasedAt = explanation.erasedAt?.description
        definition = explanation.definition.name
        definitionVersion = explanation.definition.version
        definitionSha256 = explanation.definition.sha256
        published = explanation.published.map(Published.init)
        fit = explanation.fit.value
        fitReasons = explanation.fitReasons.map(ExplanationJSON.line)
        products = explanation.products.map(ExplanationJSON.entry)
    }

    func text() throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Shown.json(String(decoding: try encoder.encode(self), as: UTF8.self))
    }

    private static func entry(_ product: ProductExplanation) -> Entry {
        Entry(
            product: product.product.id, interested: product.isInterested,
            published: product.published.map(Published.init), now: product.verdict.map(now),
            fitAtLeast: product.product.fitAtLeast.value,
            engagementAtLeast: product.product.engagementAtLeast.value,
            handRaiseFitAtLeast: product.product.handRaiseFitAtLeast?.value,
            engagement: product.engagement.value,
            engagementReasons: product.engagementReasons.map(line),
            missing: product.needs.map(ExplanationWords.need),
            fitChances: product.fitChances.map { chance in
                Chance(
                    criterion: chance.criterion, gain: chance.gain.value, when: chance.when,
                    notKnown: chance.unknown, isEnough: chance.isEnough)
            },
            wouldDo: product.ways.map { way in
                Outcome(
                    steps: way.steps.map(ExplanationWords.step),
                    text: ExplanationWords.way(way, product.product), handRaise: way.byHandRaise,
                    fit: way.score.fit.value, engagement: way.score.engagement?.value)
            },
            wouldDoAt: product.trial?.at.description,
            engagementThen: product.trial?.engagement.value, obstacles: product.obstacles)
    }

    private static func now(_ verdict: CurrentVerdict) -> Published {
        switch verdict {
        case .status(let status, let codes):
            Published(status: status, codes: codes)
        case .qualified:
            Published(status: .handedOff, codes: ["open"])
        }
    }

    private static func line(_ reason: Reason) -> Line {
        let evidence: [String: Value] =
            switch reason.evidence {
            case .facts(let facts):
                Dictionary(
                    facts.map { ($0.name, Value($0.value)) },
                    uniquingKeysWith: { first, _ in first })
            case .activities(let count, let day):
                ["count": .whole(Int64(count)), "last_on": .text(day.description)]
            }
        return Line(
            criterion: reason.criterion, label: reason.label, points: reason.points.value,
            evidence: evidence)
    }
}
