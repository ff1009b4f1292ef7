#include "formats/virustotal_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/*
 * VirusTotal's API v3: a file object, a behaviour report, a list of either, and the summary
 * of all behaviour reports, as the service sends them ("data", "attributes") or as its
 * client programs save the attributes alone. Which of these it is may be told behind what
 * it tells, but the two kinds of object have hardly a key in common, so each key says
 * for itself what it is about.
 *
 * A behaviour report does not name the file; its id does: "<sha256>_<sandbox>".
 */

#define SHA256_DIGITS 64

static bool is_sha256(as_bytes text)
{
    if (text.n < SHA256_DIGITS || (text.n > SHA256_DIGITS && text.p[SHA256_DIGITS] != '_'))
        return false;
    for (size_t i = 0; i < SHA256_DIGITS; i++) {
        uint8_t c = text.p[i] | 0x20;

        if (!(text.p[i] >= '0' && text.p[i] <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
    }
    return true;
}

/* --- hooks ---------------------------------------------------------------------------------- */

static as_code read_id(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    struct as_vt_object *o = as_vt_of(w)->object;
    as_bytes text = {0};
    as_code rc;

    (void)fact;
    if (t->type != AS_JSON_STRING || o->id || !t->raw.n)
        return as_walk_pass(w, place, t, false, err);
    rc = as_walk_text(w, t, &text, err);
    if (rc)
        return rc;
    rc = as_facts_intern(w->facts, text, &o->id);
    return rc ? as_walk_facts_failed(w, rc, err)
              : as_walk_evidence(w, place, t->end, &o->id_at, err);
}

/* Its keys tell the same. */
static as_code read_type(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    (void)fact;
    if (t->type == AS_JSON_STRING && as_bytes_has_nocase(t->raw, "behaviour"))
        as_vt_of(w)->object->behaviour = true;
    return as_walk_pass(w, place, t, t->type == AS_JSON_STRING, err);
}

static as_code read_attributes(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t,
                               as_err *err)
{
    uint64_t end;

    (void)fact;
    if (t->type != AS_JSON_OBJECT)
        return as_walk_pass(w, place, t, false, err);
    return as_entry_members(w, place, &as_vt_of(w)->object->entry, &end, err);
}

static as_code read_tags(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    (void)fact;
    return as_entry_some(w, place, &as_vt_of(w)->object->entry, AS_ENTRY_REST, AS_ATTR_TAG, t, err);
}

static as_hook read_data;

/* clang-format off */

/* What both kinds of object have, and what stands around their attributes. */
#define AROUND                                                                                     \
    HOOK("id", read_id), HOOK("_id", read_id), HOOK("type", read_type), HOOK("_type", read_type),  \
    HOOK("attributes", read_attributes), HOOK("tags", read_tags),                                  \
    FACT("sigma_analysis_results", SIGMA, vt_sigma)
LOCAL_SHAPE(link, ATTR("self", REFERENCE), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(object, AROUND, INTO("links", link), OTHER_LEAVES(DETAIL));
LOCAL_SHAPE(answer, AROUND, HOOK("data", read_data), OTHER_LEAVES(DETAIL));

/* clang-format on */

/* --- objects --------------------------------------------------------------------------------- */

/* The number of a run; the name of its file. */
static as_code put_id(as_walk *w, struct as_vt_object *o, as_err *err)
{
    as_draft *sample = &o->entry.draft[AS_ENTRY_SAMPLE];
    as_draft *owner = o->entry.ran ? &o->entry.draft[AS_ENTRY_RUN] : sample;
    as_bytes id = as_facts_text(w->facts, o->id);
    bool hash = is_sha256(id), known = false;
    as_code rc = AS_OK;

    for (size_t i = 0; i < sample->n_attrs; i++)
        known |= sample->attrs[i].name == AS_ATTR_SHA256;
    if (hash && !known && sample->n_attrs < AS_DRAFT_ATTRS) {
        if (!sample->n_attrs)
            sample->evidence[sample->n_evidence++] = o->id_at;
        rc = as_draft_text(sample, w->facts, AS_ATTR_SHA256, AS_FORM_TEXT,
                           (as_bytes){id.p, SHA256_DIGITS});
    }
    if (!rc && (o->entry.ran || !hash) && owner->n_attrs < AS_DRAFT_ATTRS)
        rc = as_draft_text(owner, w->facts, AS_ATTR_ID, AS_FORM_TEXT, id);
    return rc ? as_walk_facts_failed(w, rc, err) : AS_OK;
}

static void place_antivirus(struct as_vt_object *o)
{
    as_draft *d = &o->entry.draft[AS_ENTRY_MORE];

    if (o->stats_at.end)
        d->evidence[d->n_evidence++] = o->stats_at;
    if (o->date_at.end)
        d->evidence[d->n_evidence++] = o->date_at;
}

/* An object, its bracket read. */
static __attribute__((noinline)) as_code read_object(as_walk *w, as_place *place,
                                                     const as_shape *around, as_err *err)
{
    const as_shape *const shapes[AS_ENTRY_PARTS] = {&as_shape_vt_file, &as_shape_vt_run,
                                                    &as_shape_vt_antivirus, around};
    struct as_vt *s = as_vt_of(w);
    struct as_vt_object o = {.id = 0}, *outer = s->object;
    uint64_t end = 0;
    as_code rc = as_entry_begin(w, &o.entry, shapes, AS_KIND_ANTIVIRUS_SUMMARY, err);

    s->object = &o;
    if (!rc)
        rc = as_entry_members(w, place, &o.entry, &end, err);
    s->object = outer;
    if (rc)
        return rc;
    o.entry.ran |= o.behaviour;
    s->known += o.entry.known;
    s->behaviours += o.entry.ran;
    place_antivirus(&o);
    rc = o.id ? put_id(w, &o, err) : AS_OK;
    return rc ? rc : as_entry_end(w, place, end, &o.entry, &s->samples, err);
}

static as_code read_objects(as_walk *w, as_place *place, const as_shape *around, as_json_tok *t,
                            as_err *err)
{
    as_place child = {.up = place, .step = AS_STEP_NONE};
    as_code rc = AS_OK;

    if (t->type == AS_JSON_OBJECT)
        return read_object(w, place, around, err);
    if (t->type != AS_JSON_ARRAY)
        return as_walk_pass(w, place, t, false, err);
    while (!rc && as_walk_element(w, &child, t, &rc, err))
        rc = t->type == AS_JSON_OBJECT ? read_object(w, &child, around, err)
                                       : as_walk_pass(w, &child, t, false, err);
    return rc;
}

static as_code read_data(as_walk *w, as_place *place, uint32_t fact, as_json_tok *t, as_err *err)
{
    (void)fact;
    return read_objects(w, place, &as_shape_object, t, err);
}

/* --- the answer --------------------------------------------------------------------------------
 */

static as_code recognise(as_walk *w, const struct as_vt *s, as_err *err)
{
    as_analysis *a = w->analysis;

    if (!s->known)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                       "not an object of VirusTotal: no attribute of a file or of its behaviour");
    a->tool = "VirusTotal";
    a->sample = as_facts_first(w->facts, AS_KIND_SAMPLE);
    /* A created process is told as the command that it ran. */
    if (s->behaviours && as_facts_first(w->facts, AS_KIND_PROCESS) == AS_NO_FACT &&
        as_facts_first(w->facts, AS_KIND_COMMAND) == AS_NO_FACT)
        a->gaps |= AS_GAP_NOTHING;
    return AS_OK;
}

static as_code read_all(as_walk *w, as_err *err)
{
    as_place root = {0};
    as_json_tok t;
    as_code rc = as_walk_next(w, &t, err);

    if (rc)
        return rc;
    root.begin = t.begin;
    if (t.type != AS_JSON_OBJECT && t.type != AS_JSON_ARRAY)
        return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET, "no report: the JSON value is a bare scalar");
    rc = read_objects(w, &root, &as_shape_answer, &t, err);
    if (!rc)
        rc = as_walk_next(w, &t, err); /* the end: nothing may follow */
    return rc ? rc : as_join_facts(w->facts, err);
}

static as_code read_virustotal(as_walk *w, as_err *err)
{
    struct as_vt s = {0};
    as_code rc;

    w->own = &s;
    rc = read_all(w, err);
    w->own = NULL;
    as_ids_done(&s.samples);
    return rc ? rc : recognise(w, &s, err);
}

/* Attributes that no other service's objects have, of which few objects lack all. */
static const char *const file_keys[] = {
    "last_analysis_results",         "last_analysis_stats", "last_analysis_date",
    "popular_threat_classification", "meaningful_name",     "type_description",
    "last_submission_date",          "times_submitted",     "total_votes",
    "first_submission_date",         "unique_sources",      "sigma_analysis_summary",
    "crowdsourced_yara_results",     "sandbox_verdicts"};
static const char *const run_keys[] = {"processes_tree",       "processes_created",
                                       "command_executions",   "registry_keys_set",
                                       "registry_keys_opened", "files_opened",
                                       "files_written",        "files_dropped",
                                       "modules_loaded",       "http_conversations",
                                       "ip_traffic",           "mutexes_created",
                                       "calls_highlighted",    "text_highlighted",
                                       "dns_lookups",          "mitre_attack_techniques",
                                       "processes_terminated", "behash",
                                       "sandbox_name",         "signature_matches",
                                       "memory_pattern_urls",  "files_deleted"};

static size_t count_keys(const as_head *h, const char *below, const char *const *keys, size_t n)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        char path[sizeof(h->entries->path)];

        (void)snprintf(path, sizeof(path), "%s%s", below, keys[i]);
        found += as_head_has(h, path);
    }
    return found;
}

static size_t count_all(const as_head *h, const char *below)
{
    return count_keys(h, below, file_keys, AS_COUNT(file_keys)) +
           count_keys(h, below, run_keys, AS_COUNT(run_keys));
}

static bool is_type(const char *type)
{
    return !strcmp(type, "file") || !strcmp(type, "file_behaviour") ||
           !strcmp(type, "private_file") || !strcmp(type, "private_file_behaviour");
}

/* Other services have objects with a type, too: a file's id is its hash. */
static bool is_listed(const as_head *h)
{
    const char *type = as_head_text(h, "data/*/type"), *id = as_head_text(h, "data/*/id");

    return is_type(type) && as_head_has(h, "data/*/attributes") &&
           (strcmp(type, "file") != 0 || strspn(id, "0123456789abcdefABCDEF") >= 32);
}

static as_sure probe_virustotal(const as_head *h)
{
    bool typed = is_type(as_head_text(h, "data/type"));
    size_t inside = count_all(h, "data/attributes/") + count_all(h, "attributes/") +
                    count_all(h, "*/attributes/");
    size_t bare = count_all(h, "data/") + count_all(h, "") + count_all(h, "*/");

    if (is_listed(h) || (typed && inside >= 1) || inside >= 2 || bare >= 3)
        return AS_SURE_YES;
    return inside || bare >= 2 || typed ? AS_SURE_MAYBE : AS_SURE_NO;
}

const as_reader as_reader_virustotal = {
    .about = {.id = "virustotal",
              .name = "VirusTotal",
              .versions =
                  "API v3: file object, behaviour report, lists of them, behaviour_summary; "
                  "also the attributes alone",
              .maps = "sample with hashes, names and dates, results of engines and sandboxes, "
                      "threat label, YARA, Sigma, IDS, PE, signers; of each run: processes, "
                      "commands, files, registry, network, techniques, signatures",
              .seen = false},
    .probe = probe_virustotal,
    .read = read_virustotal,
};
