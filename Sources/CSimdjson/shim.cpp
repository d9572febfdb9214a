#include "CSimdjson.h"

#include <simdjson.h>

#include <cmath>
#include <cstring>
#include <new>
#include <string_view>
#include <vector>

namespace {

constexpr double exact_integers_end = 9007199254740992.0;  // 2^53

struct name_entry {
    std::string_view name;
    handoff_field field;
};

// Grouped by length so that a key is compared with two or three names at most.
constexpr name_entry names[] = {
    {"by", HANDOFF_BY},
    {"type", HANDOFF_TYPE}, {"note", HANDOFF_NOTE}, {"name", HANDOFF_NAME}, {"cost", HANDOFF_COST},
    {"email", HANDOFF_EMAIL}, {"phone", HANDOFF_PHONE}, {"entry", HANDOFF_ENTRY},
    {"source", HANDOFF_SOURCE}, {"mql_id", HANDOFF_MQL_ID}, {"reason", HANDOFF_REASON},
    {"domain", HANDOFF_DOMAIN}, {"status", HANDOFF_STATUS},
    {"lead_id", HANDOFF_LEAD_ID}, {"country", HANDOFF_COUNTRY}, {"consent", HANDOFF_CONSENT},
    {"product", HANDOFF_PRODUCT}, {"revenue", HANDOFF_REVENUE}, {"channel", HANDOFF_CHANNEL},
    {"event_id", HANDOFF_EVENT_ID}, {"industry", HANDOFF_INDUSTRY}, {"owner_id", HANDOFF_OWNER_ID},
    {"last_name", HANDOFF_LAST_NAME}, {"job_title", HANDOFF_JOB_TITLE},
    {"employees", HANDOFF_EMPLOYEES},
    {"first_name", HANDOFF_FIRST_NAME}, {"properties", HANDOFF_PROPERTIES},
    {"occurred_at", HANDOFF_OCCURRED_AT}, {"campaign_id", HANDOFF_CAMPAIGN_ID},
    {"company_name", HANDOFF_COMPANY_NAME},
    {"company_domain", HANDOFF_COMPANY_DOMAIN}, {"annual_revenue", HANDOFF_ANNUAL_REVENUE},
    {"product_interest", HANDOFF_PRODUCT_INTEREST},
};
constexpr size_t longest_name = 16;

struct name_index {
    uint8_t start[longest_name + 2];
    constexpr name_index() : start{} {
        size_t place = 0;
        for (size_t length = 0; length <= longest_name + 1; length++) {
            while (place < sizeof names / sizeof *names && names[place].name.size() < length)
                place++;
            start[length] = static_cast<uint8_t>(place);
        }
    }
};
constexpr name_index by_length;

int field_of(std::string_view key) {
    if (key.size() > longest_name) return -1;
    for (size_t i = by_length.start[key.size()]; i < by_length.start[key.size() + 1]; i++)
        if (std::memcmp(names[i].name.data(), key.data(), key.size()) == 0) return names[i].field;
    return -1;
}

handoff_value value_of(simdjson::dom::element element) {
    handoff_value value{nullptr, 0, HANDOFF_ABSENT, 0};
    switch (element.type()) {
    case simdjson::dom::element_type::STRING: {
        std::string_view text = element.get_string().value_unsafe();
        value.text = reinterpret_cast<const uint8_t *>(text.data());
        value.length = static_cast<uint32_t>(text.size());
        value.kind = HANDOFF_TEXT;
        break;
    }
    case simdjson::dom::element_type::INT64:
        value.number = static_cast<double>(element.get_int64().value_unsafe());
        value.kind = HANDOFF_NUMBER;
        break;
    case simdjson::dom::element_type::UINT64:
        value.kind = HANDOFF_HUGE_NUMBER;
        break;
    case simdjson::dom::element_type::DOUBLE:
        value.number = element.get_double().value_unsafe();
        value.kind = HANDOFF_NUMBER;
        break;
    case simdjson::dom::element_type::BOOL:
        value.kind = element.get_bool().value_unsafe() ? HANDOFF_TRUE : HANDOFF_FALSE;
        break;
    case simdjson::dom::element_type::OBJECT: value.kind = HANDOFF_OBJECT; break;
    case simdjson::dom::element_type::ARRAY: value.kind = HANDOFF_ARRAY; break;
    case simdjson::dom::element_type::NULL_VALUE: break;
    }
    if (value.kind == HANDOFF_NUMBER) {
        // An int64 beyond 2^53 is judged before it is rounded: 2^53 + 1 rounds to 2^53.
        if (element.is_int64()) {
            int64_t exact = element.get_int64().value_unsafe();
            if (exact > (int64_t(1) << 53) || exact < -(int64_t(1) << 53))
                value.kind = HANDOFF_HUGE_NUMBER;
        } else if (std::fabs(value.number) > exact_integers_end) {
            value.kind = HANDOFF_HUGE_NUMBER;
        }
    }
    return value;
}

bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

/// The end of the JSON number at `start`, or `start` if there is none (RFC 8259, section 6).
size_t end_of_number(const uint8_t *bytes, size_t start, size_t end) {
    size_t place = start;
    if (place < end && bytes[place] == '-') place++;
    size_t digits = place;
    while (place < end && is_digit(bytes[place])) place++;
    if (place == digits || (place - digits > 1 && bytes[digits] == '0')) return start;
    if (place < end && bytes[place] == '.') {
        size_t fraction = ++place;
        while (place < end && is_digit(bytes[place])) place++;
        if (place == fraction) return start;
    }
    if (place < end && (bytes[place] | 0x20) == 'e') {
        place++;
        if (place < end && (bytes[place] == '+' || bytes[place] == '-')) place++;
        size_t exponent = place;
        while (place < end && is_digit(bytes[place])) place++;
        if (place == exponent) return start;
    }
    return place;
}

/// simdjson refuses a text with a number that neither 64 bits nor a double can hold, although it is
/// JSON. Such numbers are replaced by one that is as huge (9e99) and padded with spaces; what is no
/// number is left alone and refused as before.
void tame_huge_numbers(uint8_t *bytes, size_t length) {
    bool in_string = false;
    for (size_t place = 0; place < length; place++) {
        uint8_t byte = bytes[place];
        if (in_string) {
            if (byte == '\\') place++;
            else if (byte == '"') in_string = false;
            continue;
        }
        if (byte == '"') { in_string = true; continue; }
        if (byte != '-' && !is_digit(byte)) continue;
        size_t end = end_of_number(bytes, place, length);
        if (end == place) return;
        double number = std::strtod(reinterpret_cast<const char *>(bytes + place), nullptr);
        if (std::fabs(number) > exact_integers_end && end - place >= 4 + (byte == '-')) {
            // The sign stays: without it a number before this one would grow together with it.
            size_t start = byte == '-' ? place + 1 : place;
            std::memset(bytes + start, ' ', end - start);
            std::memcpy(bytes + start, "9e99", 4);
        }
        place = end - 1;
    }
}

}  // namespace

struct handoff_parser {
    simdjson::dom::parser parser;
    std::vector<uint8_t> buffer;
    std::vector<handoff_value> interests;
    std::vector<handoff_property> properties;
    handoff_object object;

    void take_object(handoff_field field, simdjson::dom::object members) {
        for (auto member : members) {
            if (field == HANDOFF_SOURCE) {
                if (member.key == "channel") object.source_channel = value_of(member.value);
                else if (member.key == "campaign_id")
                    object.source_campaign_id = value_of(member.value);
            } else if (field == HANDOFF_CONSENT) {
                if (member.key == "contact") object.consent_contact = value_of(member.value);
            } else {
                properties.push_back({reinterpret_cast<const uint8_t *>(member.key.data()),
                                      static_cast<uint32_t>(member.key.size()),
                                      value_of(member.value)});
            }
        }
    }

    /// Forgets what an earlier occurrence of a repeated key left behind.
    void reset(int field) {
        if (field == HANDOFF_SOURCE) object.source_channel = object.source_campaign_id = {};
        if (field == HANDOFF_CONSENT) object.consent_contact = {};
        if (field == HANDOFF_PROPERTIES) properties.clear();
        if (field == HANDOFF_PRODUCT_INTEREST) interests.clear();
    }

    void take(int field, simdjson::dom::element element) {
        reset(field);
        handoff_value value = value_of(element);
        object.fields[field] = value;
        bool has_members = field == HANDOFF_SOURCE || field == HANDOFF_CONSENT
            || field == HANDOFF_PROPERTIES;
        if (value.kind == HANDOFF_OBJECT && has_members)
            take_object(static_cast<handoff_field>(field), element.get_object().value_unsafe());
        if (value.kind == HANDOFF_ARRAY && field == HANDOFF_PRODUCT_INTEREST)
            for (auto item : element.get_array().value_unsafe())
                interests.push_back(value_of(item));
    }
};

extern "C" {

handoff_parser *handoff_parser_create(void) { return new (std::nothrow) handoff_parser; }

void handoff_parser_destroy(handoff_parser *parser) { delete parser; }

handoff_parse_result handoff_parse(handoff_parser *parser, const void *bytes, size_t length) {
    // A copy, because simdjson reads up to SIMDJSON_PADDING bytes past the end.
    if (parser->buffer.size() < length + simdjson::SIMDJSON_PADDING)
        parser->buffer.resize(length * 2 + simdjson::SIMDJSON_PADDING);
    std::memcpy(parser->buffer.data(), bytes, length);
    std::memset(parser->buffer.data() + length, 0, simdjson::SIMDJSON_PADDING);
    simdjson::dom::element root;
    auto error = parser->parser.parse(parser->buffer.data(), length, false).get(root);
    if (error == simdjson::NUMBER_ERROR) {
        tame_huge_numbers(parser->buffer.data(), length);
        error = parser->parser.parse(parser->buffer.data(), length, false).get(root);
    }
    if (error) return HANDOFF_NOT_JSON;
    simdjson::dom::object object;
    if (root.get_object().get(object)) return HANDOFF_NOT_AN_OBJECT;
    std::memset(&parser->object, 0, sizeof parser->object);
    parser->interests.clear();
    parser->properties.clear();
    for (auto member : object) {
        int field = field_of(member.key);
        if (field >= 0) parser->take(field, member.value);
    }
    parser->object.interests = parser->interests.data();
    parser->object.interest_count = static_cast<uint32_t>(parser->interests.size());
    parser->object.properties = parser->properties.data();
    parser->object.property_count = static_cast<uint32_t>(parser->properties.size());
    return HANDOFF_PARSED;
}

const handoff_object *handoff_parsed_object(const handoff_parser *parser) {
    return &parser->object;
}

const handoff_value *handoff_parsed_fields(const handoff_parser *parser) {
    return parser->object.fields;
}

}
