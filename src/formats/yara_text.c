#include "formats/formats_priv.h"

#include "base/utf8.h"

#include <string.h>

#include "base/banned.h"

/*
 * What yara and yr (YARA-X) print about matches:
 *
 *     [name space:]rule [tag,tag] [name="value",n=1] path
 *     0x1a[:length]:$identifier: text
 *
 * A line of the first form is a match; those of the second that follow, down to the
 * next match, are the strings that it found. Errors and warnings may stand between.
 */

#define PATHS_KEPT 64 /* files that several threads may be told about in turn */

struct matches {
    as_lines lines;
    uint32_t rule; /* fact of the last match */
    as_str paths[PATHS_KEPT];
    uint32_t samples[PATHS_KEPT]; /* facts of those files */
    size_t n_paths;
};

/* --- taking a line apart -------------------------------------------------------------------- */

static bool is_name(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

static as_bytes from(as_bytes b, size_t n)
{
    return (as_bytes){b.p + n, b.n - n};
}

/* Length of the group in brackets that `b` begins with, both brackets counted; 0: none. */
static size_t group_length(as_bytes b, bool *ret_meta)
{
    bool quoted = false;

    *ret_meta = false;
    if (!b.n || b.p[0] != '[')
        return 0;
    for (size_t i = 1; i < b.n; i++) {
        uint8_t c = b.p[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == '=')
            *ret_meta = true;
        else if (!quoted && c == ']')
            return i + 1;
    }
    return 0;
}

struct rule_line {
    as_bytes space, rule, tags, meta, path; /* tags and meta without their brackets */
    unsigned groups;
};

static bool parse_rule(as_bytes line, struct rule_line *ret)
{
    size_t end = 0, name;

    *ret = (struct rule_line){0};
    while (end < line.n && line.p[end] != ' ')
        end++;
    name = end;
    while (name > 0 && is_name(line.p[name - 1]))
        name--;
    if (name == end || end == line.n || (line.p[name] >= '0' && line.p[name] <= '9') ||
        (name > 0 && (line.p[name - 1] != ':' || name == 1)))
        return false;
    ret->rule = (as_bytes){line.p + name, end - name};
    if (name > 0)
        ret->space = (as_bytes){line.p, name - 1};
    for (line = from(line, end + 1); ret->groups < 3; ret->groups++) {
        bool meta;
        size_t n = group_length(line, &meta);

        if (!n || n >= line.n || line.p[n] != ' ')
            break;
        *(meta ? &ret->meta : &ret->tags) = (as_bytes){line.p + 1, n - 2};
        line = from(line, n + 1);
    }
    ret->path = line;
    return line.n > 0;
}

struct string_line {
    as_bytes offset, length, name, how, text;
};

static size_t hex_length(as_bytes b)
{
    size_t n = 2;

    if (b.n < 3 || b.p[0] != '0' || b.p[1] != 'x')
        return 0;
    while (n < b.n && ((b.p[n] >= '0' && b.p[n] <= '9') || (b.p[n] >= 'a' && b.p[n] <= 'f')))
        n++;
    return n > 2 ? n : 0;
}

/* "xor(0x1f,plain)" between the name and the text, up to ": ". */
static size_t how_length(as_bytes b)
{
    if (b.n < 5 || memcmp(b.p + 1, "xor(", 4) != 0)
        return 0;
    for (size_t i = 5; i + 1 < b.n; i++) {
        if (b.p[i] == ')' && b.p[i + 1] == ':')
            return i + 1;
    }
    return 0;
}

static bool parse_string(as_bytes line, struct string_line *ret)
{
    size_t n = hex_length(line);

    *ret = (struct string_line){0};
    if (!n || n == line.n || line.p[n] != ':')
        return false;
    ret->offset = (as_bytes){line.p, n};
    line = from(line, n + 1);
    for (n = 0; n < line.n && line.p[n] >= '0' && line.p[n] <= '9'; n++)
        ;
    if (n && n < line.n && line.p[n] == ':') {
        ret->length = (as_bytes){line.p, n};
        line = from(line, n + 1);
    }
    if (!line.n || line.p[0] != '$')
        return false;
    for (n = 1; n < line.n && is_name(line.p[n]); n++)
        ;
    ret->name = (as_bytes){line.p, n};
    line = from(line, n);
    n = how_length(line);
    if (n)
        ret->how = (as_bytes){line.p + 1, n - 1};
    line = from(line, n);
    if (line.n >= 2 && line.p[0] == ':' && line.p[1] == ' ')
        ret->text = from(line, 2);
    else if (line.n)
        return false;
    return true;
}

/* --- facts ---------------------------------------------------------------------------------- */

/* A path is bytes: those that are no text are told as "\xNN". */
static as_code put(as_walk *w, as_draft *d, as_attr_name name, as_bytes text, as_err *err)
{
    size_t good = as_utf8_check(text);
    as_code rc;

    if (!text.n)
        return AS_OK;
    if (good < text.n) {
        as_buf_reset(&w->text);
        while (text.n) {
            good = as_utf8_check(text);
            as_buf_add(&w->text, (as_bytes){text.p, good});
            if (good < text.n)
                as_buf_printf(&w->text, "\\x%02x", text.p[good++]);
            text = from(text, good);
        }
        if (w->text.failed)
            return as_fail_nomem(err, "a line");
        text = as_buf_bytes(&w->text);
    }
    rc = as_draft_text(d, w->facts, name, AS_FORM_TEXT, text);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static as_draft draft_of(const struct matches *m, as_kind kind, uint32_t parent, as_bytes line)
{
    as_draft d;

    as_draft_init(&d, kind);
    d.parent = parent;
    d.evidence[0] = as_lines_evidence(&m->lines, line.n);
    d.n_evidence = 1;
    return d;
}

static as_code add(as_walk *w, const as_draft *d, uint32_t *ret, as_err *err)
{
    as_code rc = as_facts_add(w->facts, d, ret);

    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

/* The fact of the file that a match is in. */
static as_code sample_of(as_walk *w, struct matches *m, as_bytes path, as_bytes line, uint32_t *ret,
                         as_err *err)
{
    as_draft d = draft_of(m, AS_KIND_SAMPLE, AS_NO_FACT, line);
    as_code rc = put(w, &d, AS_ATTR_NAME, path, err);
    size_t kept = m->n_paths < PATHS_KEPT ? m->n_paths : PATHS_KEPT, at;

    if (rc)
        return rc;
    for (size_t i = 0; i < kept; i++) {
        if (m->paths[i] == d.attrs[0].str) {
            *ret = m->samples[i];
            return AS_OK;
        }
    }
    rc = add(w, &d, ret, err);
    at = m->n_paths++ % PATHS_KEPT;
    m->paths[at] = d.attrs[0].str;
    m->samples[at] = *ret;
    return rc;
}

static as_code put_tags(as_walk *w, as_draft *d, as_bytes tags, as_err *err)
{
    as_code rc = AS_OK;

    for (size_t n; !rc && tags.n; tags = from(tags, n < tags.n ? n + 1 : n)) {
        for (n = 0; n < tags.n && tags.p[n] != ','; n++)
            ;
        if (d->n_attrs + 4 < AS_DRAFT_ATTRS)
            rc = put(w, d, AS_ATTR_TAG, (as_bytes){tags.p, n}, err);
    }
    return rc;
}

/* One name=value at the start of `meta`; its length. yara writes a blank before "=" of numbers. */
static size_t meta_pair(as_bytes meta, as_bytes *ret_name, as_bytes *ret_value)
{
    size_t n = 0, end;
    bool quoted = false;

    while (n < meta.n && meta.p[n] != '=' && meta.p[n] != ',')
        n++;
    end = n;
    while (end > 0 && meta.p[end - 1] == ' ')
        end--;
    *ret_name = (as_bytes){meta.p, end};
    *ret_value = (as_bytes){0};
    if (n == meta.n || meta.p[n] == ',')
        return n;
    end = ++n;
    for (; end < meta.n && (quoted || meta.p[end] != ','); end++) {
        if (quoted && meta.p[end] == '\\' && end + 1 < meta.n)
            end++;
        else if (meta.p[end] == '"')
            quoted = !quoted;
    }
    *ret_value = (as_bytes){meta.p + n, end - n};
    if (ret_value->n >= 2 && ret_value->p[0] == '"' && ret_value->p[ret_value->n - 1] == '"')
        *ret_value = (as_bytes){ret_value->p + 1, ret_value->n - 2};
    return end;
}

/* Escapes stay as yara wrote them, so that the line holds what the fact says. */
static as_code read_meta(as_walk *w, struct matches *m, as_bytes meta, as_bytes line, as_err *err)
{
    as_code rc = AS_OK;

    while (!rc && meta.n) {
        as_draft d = draft_of(m, AS_KIND_YARA_META, m->rule, line);
        as_bytes name, value;
        size_t n = meta_pair(meta, &name, &value);

        meta = from(meta, n < meta.n ? n + 1 : n);
        rc = put(w, &d, AS_ATTR_NAME, name, err);
        if (!rc)
            rc = put(w, &d, AS_ATTR_VALUE, value, err);
        if (!rc && d.n_attrs)
            rc = add(w, &d, NULL, err);
    }
    return rc;
}

static as_code read_rule(as_walk *w, struct matches *m, const struct rule_line *r, as_bytes line,
                         as_err *err)
{
    uint32_t sample = AS_NO_FACT;
    as_code rc = sample_of(w, m, r->path, line, &sample, err);
    as_draft d = draft_of(m, AS_KIND_YARA, sample, line);

    if (!rc)
        rc = put(w, &d, AS_ATTR_RULE, r->rule, err);
    if (!rc)
        rc = put(w, &d, AS_ATTR_NAMESPACE, r->space, err);
    if (!rc)
        rc = put_tags(w, &d, r->tags, err);
    if (!rc)
        rc = add(w, &d, &m->rule, err);
    return rc ? rc : read_meta(w, m, r->meta, line, err);
}

static as_code read_string(as_walk *w, struct matches *m, const struct string_line *s,
                           as_bytes line, as_err *err)
{
    as_draft d = draft_of(m, AS_KIND_YARA_STRING, m->rule, line);
    as_code rc = put(w, &d, AS_ATTR_NAME, s->name, err);

    if (!rc)
        rc = put(w, &d, AS_ATTR_OFFSET, s->offset, err);
    if (!rc)
        rc = put(w, &d, AS_ATTR_RAW_SIZE, s->length, err);
    if (!rc)
        rc = put(w, &d, AS_ATTR_METHOD, s->how, err);
    if (!rc)
        rc = put(w, &d, AS_ATTR_VALUE, s->text, err);
    return rc ? rc : add(w, &d, NULL, err);
}

static bool begins(as_bytes line, const char *text)
{
    size_t n = strlen(text);

    return line.n >= n && !memcmp(line.p, text, n);
}

static as_code read_message(as_walk *w, struct matches *m, bool error, as_bytes line, as_err *err)
{
    as_draft d = draft_of(m, error ? AS_KIND_TOOL_ERROR : AS_KIND_TOOL_LOG, AS_NO_FACT, line);
    as_code rc = put(w, &d, AS_ATTR_TEXT, line, err);

    if (error)
        w->analysis->gaps |= AS_GAP_ERRORS;
    return rc ? rc : add(w, &d, NULL, err);
}

static as_code read_line(as_walk *w, struct matches *m, as_bytes line, as_err *err)
{
    struct string_line s;
    struct rule_line r;

    as_walk_tick(w);
    if (!line.n)
        return AS_OK;
    if (parse_string(line, &s) && m->rule != AS_NO_FACT)
        return read_string(w, m, &s, line, err);
    if (begins(line, "warning: ") || begins(line, "error: ") || begins(line, "error scanning "))
        return read_message(w, m, line.p[0] == 'e', line, err);
    if (!hex_length(line) && parse_rule(line, &r))
        return read_rule(w, m, &r, line, err);
    return as_lines_bad(w, &m->lines, line.n, "neither a match nor a string of one", err);
}

static as_code read_lines(as_walk *w, struct matches *m, as_err *err)
{
    for (;;) {
        as_bytes line;
        size_t n = 0;
        as_code rc = as_lines_next(&m->lines, &line, &n, err);

        if (rc || !n)
            return rc;
        rc = read_line(w, m, line, err);
        if (rc)
            return rc;
    }
}

static as_code read_yara(as_walk *w, as_err *err)
{
    struct matches m = {.lines = {.source = w->source}, .rule = AS_NO_FACT};
    as_code rc;

    as_facts_number_records(w->facts);
    rc = read_lines(w, &m, err);
    as_lines_done(&m.lines);
    if (rc)
        return rc;
    if (m.rule == AS_NO_FACT)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no line of the input is a match of YARA");
    w->analysis->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    w->analysis->tool = "YARA";
    return AS_OK;
}

/* --- recognition ---------------------------------------------------------------------------- */

#define PROBED_LINES 64

/* "rule path" alone could be any two words: the second must look like a path. */
static bool looks_like_path(as_bytes path)
{
    bool folder = false;
    size_t dot = path.n;

    for (size_t i = 0; i < path.n; i++) {
        uint8_t c = path.p[i];

        if (c == ' ')
            return false;
        folder |= c == '/' || c == '\\';
        if (c == '.')
            dot = i;
        else if (!is_name(c))
            dot = path.n; /* no extension has such a character */
    }
    return folder || (dot > 0 && dot + 1 < path.n);
}

static as_sure probe_yara(const as_head *h)
{
    as_sure sure = AS_SURE_NO;
    as_bytes rest = h->bytes;
    bool rule = false, vague = false;

    if (h->is_json)
        return AS_SURE_NO;
    for (size_t i = 0; i < PROBED_LINES && rest.n; i++) {
        as_bytes line;
        struct string_line s;
        struct rule_line r;

        (void)as_line_of(&rest, &line);
        if (!line.n || begins(line, "warning: ") || begins(line, "error"))
            continue;
        if (parse_string(line, &s))
            return rule ? AS_SURE_YES : AS_SURE_NO;
        if (hex_length(line) || !parse_rule(line, &r))
            return AS_SURE_NO;
        if (r.groups)
            return AS_SURE_YES;
        vague |= !looks_like_path(r.path);
        rule = true;
        sure = AS_SURE_MAYBE;
    }
    return vague ? AS_SURE_NO : sure;
}

const as_reader as_reader_yara = {
    .about = {.id = "yara",
              .name = "YARA",
              .versions = "text of yara 4 (checked on 4.2) and YARA-X 1, with or without -g, -m, "
                          "-s, -e, -L",
              .maps =
                  "rules with name space, tags and metadata, strings with offset and text, files",
              .seen = true},
    .probe = probe_yara,
    .read = read_yara,
};
