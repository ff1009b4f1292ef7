#include "formats/winevent_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * Windows events as JSON. One record is an object (flat, or the nested form of the
 * event's XML, or what a shipper made of either) or the XML itself as a text; records
 * come as lines, one after the other, or as the elements of one array.
 */

struct reader {
    as_walk *w;
    as_winevents *events;
    as_wintree tree;
    as_buf name;   /* the dotted name of the member in hand */
    as_buf key;    /* its key, undone */
    as_buf value;  /* its text, undone */
    as_buf xml;    /* the event's XML, where a member holds it */
    uint64_t good; /* events read */
};

static as_code next(struct reader *r, as_json_tok *t, as_err *err)
{
    return as_walk_next(r->w, t, err);
}

static as_code fail_nomem(as_err *err)
{
    return as_fail_nomem(err, "an event");
}

static bool says_nothing(const as_json_tok *t)
{
    return t->type == AS_JSON_NULL || (t->type == AS_JSON_STRING && !t->raw.n);
}

static bool is_end(const as_json_tok *t)
{
    return t->type == AS_JSON_OBJECT_END || t->type == AS_JSON_ARRAY_END;
}

/* Such a record is counted and passed over. */
static as_code name_too_long(struct reader *r, as_err *err)
{
    r->tree.malformed = true;
    return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "a field of an event has too long a name");
}

static as_form form_of(const as_json_tok *t)
{
    if (t->type == AS_JSON_NUMBER)
        return AS_FORM_NUMBER;
    if (t->type == AS_JSON_TRUE || t->type == AS_JSON_FALSE)
        return t->type == AS_JSON_TRUE ? AS_FORM_TRUE : AS_FORM_FALSE;
    return AS_FORM_TEXT;
}

static as_code text_of(struct reader *r, const as_json_tok *t, as_bytes *ret, as_err *err)
{
    if (t->type == AS_JSON_TRUE || t->type == AS_JSON_FALSE)
        *ret = t->type == AS_JSON_TRUE ? AS_LITERAL("true") : AS_LITERAL("false");
    else if (t->type == AS_JSON_NUMBER)
        *ret = t->raw;
    else if (as_json_text(t->raw, &r->value, ret))
        return fail_nomem(err);
    return AS_OK;
}

/* --- the nested form ------------------------------------------------------------------ */

static as_code tree_value(struct reader *r, as_bytes key, as_json_tok *t, as_err *err);

/* Each member of "#attributes". */
static as_code tree_attrs(struct reader *r, as_json_tok *t, as_err *err)
{
    for (;;) {
        as_bytes key, value;
        as_code rc = next(r, t, err);

        if (rc || is_end(t))
            return rc;
        if (as_json_text(t->raw, &r->key, &key))
            return fail_nomem(err);
        /* The next token may move what the key points into. */
        if (key.p != r->key.p) {
            as_buf_reset(&r->key);
            as_buf_add(&r->key, key);
        }
        rc = r->key.failed ? fail_nomem(err) : next(r, t, err);
        if (rc)
            return rc;
        if (t->type == AS_JSON_OBJECT || t->type == AS_JSON_ARRAY) {
            rc = as_json_skip(r->w->json, t, err);
        } else if (!says_nothing(t)) {
            rc = text_of(r, t, &value, err);
            if (!rc)
                rc = as_wintree_attr(&r->tree, as_buf_bytes(&r->key), form_of(t), value, err);
        }
        if (rc)
            return rc;
    }
}

static as_code tree_scalar(struct reader *r, as_bytes key, const as_json_tok *t, as_err *err)
{
    bool attr = key.n > 1 && key.p[0] == '@', text = as_bytes_is(key, "#text");
    as_bytes value;
    as_code rc;

    if (says_nothing(t))
        return AS_OK;
    rc = text_of(r, t, &value, err);
    if (rc)
        return rc;
    if (attr)
        return as_wintree_attr(&r->tree, (as_bytes){key.p + 1, key.n - 1}, form_of(t), value, err);
    if (text)
        return as_wintree_text(&r->tree, form_of(t), value, err);
    rc = as_wintree_open(&r->tree, key, err);
    if (!rc)
        rc = as_wintree_text(&r->tree, form_of(t), value, err);
    return rc ? rc : as_wintree_close(&r->tree, err);
}

/* Elements of one name; or several texts of this element. */
static as_code tree_array(struct reader *r, as_bytes key, as_json_tok *t, as_err *err)
{
    bool text = as_bytes_is(key, "#text");

    for (;;) {
        as_code rc = next(r, t, err);

        if (rc || t->type == AS_JSON_ARRAY_END)
            return rc;
        if (text && t->type >= AS_JSON_STRING && !says_nothing(t)) {
            as_bytes value = {0};

            rc = text_of(r, t, &value, err);
            if (!rc)
                rc = as_wintree_value(&r->tree, form_of(t), value, err);
        } else {
            rc = tree_value(r, key, t, err);
        }
        if (rc)
            return rc;
    }
}

static as_code tree_members(struct reader *r, as_json_tok *t, as_err *err)
{
    size_t at = r->name.n;

    for (;;) {
        as_bytes key;
        as_code rc = next(r, t, err);

        if (rc || is_end(t))
            return rc;
        if (as_json_text(t->raw, &r->key, &key))
            return fail_nomem(err);
        as_buf_add(&r->name, key); /* lives on while its value is read */
        if (r->name.failed)
            return fail_nomem(err);
        rc = next(r, t, err);
        if (!rc)
            rc = tree_value(r, (as_bytes){r->name.p + at, r->name.n - at}, t, err);
        if (rc)
            return rc;
        r->name.n = at;
    }
}

/* "Provider_attributes" beside "Provider": the attributes of one without its text. */
static as_bytes without_suffix(as_bytes key)
{
    static const char suffix[] = "_attributes";
    size_t n = sizeof(suffix) - 1;

    if (key.n > n && !memcmp(key.p + key.n - n, suffix, n))
        key.n -= n;
    return key;
}

/* `key` lies in r->name, which grows below it: by its place only until then. */
static as_code tree_value(struct reader *r, as_bytes key, as_json_tok *t, as_err *err)
{
    bool plain = as_bytes_is(key, "#attributes");
    as_bytes element = without_suffix(key);
    as_code rc;

    if (t->type == AS_JSON_ARRAY) {
        /* Elements may be objects, which write to r->name. */
        as_bytes copy;
        uint8_t held[256];

        if (key.n > sizeof(held))
            return name_too_long(r, err);
        memcpy(held, key.p, key.n);
        copy = (as_bytes){held, key.n};
        return tree_array(r, copy, t, err);
    }
    if (t->type != AS_JSON_OBJECT)
        return tree_scalar(r, key, t, err);
    if (plain)
        return tree_attrs(r, t, err);
    rc = as_wintree_open(&r->tree, element, err);
    if (!rc)
        rc = element.n < key.n ? tree_attrs(r, t, err) : tree_members(r, t, err);
    return rc ? rc : as_wintree_close(&r->tree, err);
}

/* The members of "Event", or a section of it that stands alone. */
static as_code tree_event(struct reader *r, as_bytes section, as_json_tok *t, as_err *err)
{
    as_code rc;

    as_wintree_begin(&r->tree);
    rc = as_wintree_open(&r->tree, AS_LITERAL("Event"), err);
    if (!rc)
        rc = section.n ? tree_value(r, section, t, err) : tree_members(r, t, err);
    return rc ? rc : as_wintree_close(&r->tree, err);
}

/* --- the flat form ---------------------------------------------------------------------- */

static as_code flat_scalar(struct reader *r, const as_json_tok *t, as_err *err)
{
    as_bytes value;
    as_code rc;

    if (says_nothing(t))
        return AS_OK;
    rc = text_of(r, t, &value, err);
    if (rc)
        return rc;
    if (value.n > 7 && value.p[0] == '<' && as_winevent_is_xml(value) && !r->xml.n) {
        as_buf_add(&r->xml, value);
        return r->xml.failed ? fail_nomem(err) : AS_OK;
    }
    return as_winevents_field(r->events, AS_WINEVENT_FLAT, as_buf_bytes(&r->name), form_of(t),
                              value, err);
}

/* The value whose name stands in r->name. */
static as_code flat_value(struct reader *r, as_json_tok *t, as_err *err)
{
    as_json_type open = t->type;
    size_t at = r->name.n;

    if (open != AS_JSON_OBJECT && open != AS_JSON_ARRAY)
        return flat_scalar(r, t, err);
    for (;;) {
        as_bytes key;
        as_code rc = next(r, t, err);

        if (rc || is_end(t))
            return rc;
        if (open == AS_JSON_OBJECT) {
            if (as_json_text(t->raw, &r->key, &key))
                return fail_nomem(err);
            as_buf_byte(&r->name, '.');
            as_buf_add(&r->name, key);
            rc = r->name.failed ? fail_nomem(err) : next(r, t, err);
        }
        if (!rc)
            rc = flat_value(r, t, err);
        if (rc)
            return rc;
        r->name.n = at;
    }
}

static bool is_section(as_bytes key)
{
    return as_bytes_is(key, "System") || as_bytes_is(key, "EventData") ||
           as_bytes_is(key, "UserData");
}

/* --- records ------------------------------------------------------------------------------ */

/* An object, its bracket read; ends with its END token in `t`. */
static as_code read_object(struct reader *r, as_json_tok *t, as_err *err)
{
    for (;;) {
        as_bytes key;
        as_code rc = next(r, t, err);

        if (rc || is_end(t))
            return rc;
        if (as_json_text(t->raw, &r->key, &key))
            return fail_nomem(err);
        as_buf_reset(&r->name);
        as_buf_add(&r->name, key);
        rc = r->name.failed ? fail_nomem(err) : next(r, t, err);
        if (rc)
            return rc;
        key = as_buf_bytes(&r->name);
        if (t->type == AS_JSON_OBJECT && is_section(key))
            rc = tree_event(r, key, t, err);
        else if (t->type == AS_JSON_OBJECT && as_bytes_is(key, "Event"))
            rc = tree_event(r, (as_bytes){0}, t, err);
        else
            rc = flat_value(r, t, err);
        if (rc)
            return rc;
    }
}

static as_code read_fields(struct reader *r, as_json_tok *t, as_err *err)
{
    as_bytes text;
    as_code rc;

    as_buf_reset(&r->xml);
    as_winevents_begin(r->events);
    if (t->type == AS_JSON_STRING) {
        rc = text_of(r, t, &text, err);
        if (rc || !as_winevent_is_xml(text))
            return rc;
        return as_winevent_xml(&r->tree, text, err);
    }
    if (t->type != AS_JSON_OBJECT)
        return as_json_skip(r->w->json, t, err);
    rc = read_object(r, t, err);
    if (!rc && r->xml.n)
        rc = as_winevent_xml(&r->tree, as_buf_bytes(&r->xml), err);
    return rc;
}

static as_code read_record(as_walk *w, void *ctx, as_place *place, as_json_tok *t, bool *ret_kept,
                           as_err *err)
{
    struct reader *r = ctx;
    as_evidence at;
    as_code rc;

    r->tree.malformed = false;
    rc = read_fields(r, t, err);
    if (rc)
        return r->tree.malformed && !as_json_failed(w->json) ? AS_INVALID : rc;
    rc = as_walk_evidence(w, place, t->end, &at, err);
    if (!rc)
        rc = as_winevents_end(r->events, &at, ret_kept, err);
    r->good += !rc && *ret_kept;
    return rc;
}

static as_code between(as_walk *w, void *ctx, as_err *err)
{
    const struct reader *r = ctx;

    (void)w;
    return as_winevents_portion(r->events, err);
}

static as_code read_events(as_walk *w, as_err *err)
{
    struct reader r = {.w = w, .events = as_winevents_new(w)};
    as_code rc;

    if (!r.events)
        return as_fail_nomem(err, "an event log");
    r.tree.events = r.events;
    rc = as_walk_records(w, read_record, between, &r, err);
    if (!rc && !r.good)
        rc = as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no Windows event in the input");
    w->analysis->tool = "Windows event log";
    as_wintree_done(&r.tree);
    as_buf_done(&r.name);
    as_buf_done(&r.key);
    as_buf_done(&r.value);
    as_buf_done(&r.xml);
    as_winevents_free(r.events);
    return rc;
}

static bool has_both(const as_head *h, const char *id, const char *other)
{
    return as_head_has(h, id) && as_head_has(h, other);
}

static as_sure probe_events(const as_head *h)
{
    static const char *const pairs[][2] = {
        {"EventID", "Channel"},       {"EventID", "SourceName"},
        {"EventID", "ProviderName"},  {"*/EventID", "*/Channel"},
        {"Event/System", "Event"},    {"*/Event/System", "*/Event"},
        {"System/EventID", "System"}, {"winlog/event_id", "winlog"},
        {"EventID", "ProviderGuid"},  {"*/winlog/event_id", "*/winlog"},
        {"event_id", "winlog"},       {"System/EventID", "EventData"},
    };

    if (!h->is_json)
        return AS_SURE_NO;
    for (size_t i = 0; i < AS_COUNT(pairs); i++) {
        if (has_both(h, pairs[i][0], pairs[i][1]))
            return AS_SURE_YES;
    }
    if (!strncmp(as_head_text(h, "*"), "<Event", 6) ||
        !strncmp(as_head_text(h, "Event"), "<Event", 6))
        return AS_SURE_YES;
    return AS_SURE_NO;
}

const as_reader as_reader_winevent = {
    .about = {.id = "winevent",
              .name = "Windows events as JSON",
              .versions = "Event.System, flat (NXLog, Winlogbeat, HELK), XML in JSON",
              .maps = "Sysmon 1-29, Security, System, PowerShell, Task Scheduler, WMI, Defender; "
                      "every field of every other event",
              .seen = true},
    .probe = probe_events,
    .read = read_events,
};
