#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a JSON value is. A missing field and null are both absent.
typedef enum handoff_kind : uint8_t {
    HANDOFF_ABSENT = 0,
    HANDOFF_TEXT,
    HANDOFF_NUMBER,
    /// A number that no double holds exactly as an integer: beyond 2^53.
    HANDOFF_HUGE_NUMBER,
    HANDOFF_TRUE,
    HANDOFF_FALSE,
    HANDOFF_OBJECT,
    HANDOFF_ARRAY,
} handoff_kind;

/// One value. `text` is UTF-8 without terminator, valid until the next parse.
typedef struct handoff_value {
    const uint8_t *text;
    uint32_t length;
    handoff_kind kind;
    double number;
} handoff_value;

/// A member of `properties`.
typedef struct handoff_property {
    const uint8_t *name;
    uint32_t name_length;
    handoff_value value;
} handoff_property;

/// The fields of all messages that handoff reads, one namespace for all topics.
typedef enum handoff_field : uint8_t {
    HANDOFF_EVENT_ID = 0, HANDOFF_TYPE, HANDOFF_OCCURRED_AT, HANDOFF_LEAD_ID,
    HANDOFF_EMAIL, HANDOFF_FIRST_NAME, HANDOFF_LAST_NAME, HANDOFF_PHONE, HANDOFF_JOB_TITLE,
    HANDOFF_COMPANY_NAME, HANDOFF_COMPANY_DOMAIN, HANDOFF_COUNTRY, HANDOFF_EMPLOYEES,
    HANDOFF_ANNUAL_REVENUE, HANDOFF_INDUSTRY, HANDOFF_PRODUCT_INTEREST, HANDOFF_CAMPAIGN_ID,
    HANDOFF_SOURCE, HANDOFF_CONSENT, HANDOFF_PRODUCT, HANDOFF_PROPERTIES,
    HANDOFF_MQL_ID, HANDOFF_REASON, HANDOFF_BY, HANDOFF_REVENUE, HANDOFF_NOTE,
    HANDOFF_DOMAIN, HANDOFF_NAME, HANDOFF_OWNER_ID, HANDOFF_STATUS, HANDOFF_CHANNEL, HANDOFF_COST,
    HANDOFF_ENTRY,
    HANDOFF_FIELD_COUNT
} handoff_field;

/// The known fields of one JSON object; of a repeated key the last counts.
typedef struct handoff_object {
    handoff_value fields[HANDOFF_FIELD_COUNT];
    handoff_value source_channel;
    handoff_value source_campaign_id;
    handoff_value consent_contact;
    const handoff_value *interests;
    uint32_t interest_count;
    const handoff_property *properties;
    uint32_t property_count;
} handoff_object;

typedef struct handoff_parser handoff_parser;

typedef enum handoff_parse_result : uint8_t {
    HANDOFF_PARSED = 0,
    HANDOFF_NOT_JSON,
    HANDOFF_NOT_AN_OBJECT,
} handoff_parse_result;

/// A parser, or NULL without memory. Used by one thread at a time.
handoff_parser *handoff_parser_create(void);
void handoff_parser_destroy(handoff_parser *parser);

/// Parses one JSON text and fills the parser's object, which is valid until the next call.
handoff_parse_result handoff_parse(handoff_parser *parser, const void *bytes, size_t length);
const handoff_object *handoff_parsed_object(const handoff_parser *parser);
/// The first of the object's fields; Swift sees the array itself as a tuple that it would have to
/// copy.
const handoff_value *handoff_parsed_fields(const handoff_parser *parser);

#ifdef __cplusplus
}
#endif
