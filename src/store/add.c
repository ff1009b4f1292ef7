#include "base/time.h"
#include "store/add_priv.h"

#include <string.h>

#include "base/banned.h"

/*
 * A document on its way in. The blob comes first, and everything else is read from it, so
 * that what the rows say can always be made again from what is kept. Of a long log the
 * facts come in portions, and rows are written before it is known whom the log is about:
 * they get a sample of their own, which joins another at the end if the target says so.
 */

/* --- numbers -------------------------------------------------------------------------------- */

static as_code reserve_ids(as_adder *a, size_t n, as_err *err)
{
    int64_t *ids = as_mem_zero(n, sizeof(*ids));

    if (!ids)
        return as_fail_nomem(err, "the rows of a report");
    as_mem_free(a->before);
    a->before = a->ids;
    a->n_before = a->n_ids;
    a->ids = ids;
    a->n_ids = n;
    return AS_OK;
}

/* A carried fact has the row that it got in the portion before. */
static void number_fact(as_adder *a, const as_analysis *an, size_t i)
{
    if (!(as_facts_get(an->facts, i)->flags & AS_FACT_CARRIED))
        a->ids[i] = ++a->last_fact;
    else if (i < an->n_carried && an->carried[i] < a->n_before)
        a->ids[i] = a->before[an->carried[i]];
}

/* One that went into another has that one's: calls may know their process by it. */
static as_code number_facts(as_adder *a, const as_analysis *an, as_err *err)
{
    size_t n = as_facts_count(an->facts);
    as_code rc = reserve_ids(a, n, err);

    for (size_t i = 0; !rc && i < n; i++) {
        if (!(as_facts_get(an->facts, i)->flags & AS_FACT_GONE))
            number_fact(a, an, i);
    }
    for (size_t i = 0; !rc && i < n; i++) {
        const as_fact *fact = as_facts_get(an->facts, i);
        uint32_t stands = fact->flags & AS_FACT_GONE ? as_fact_parent(an->facts, fact) : AS_NO_FACT;

        if (stands != AS_NO_FACT)
            a->ids[i] = a->ids[stands];
    }
    return rc;
}

static int64_t id_of(const as_adder *a, uint32_t fact)
{
    return fact < a->n_ids ? a->ids[fact] : 0;
}

/* --- whose process -------------------------------------------------------------------------- */

static bool acts(unsigned kind)
{
    return kind == AS_KIND_PROCESS || kind == AS_KIND_ENTRY_POINT ||
           kind == AS_KIND_PROCESS_RUNNING;
}

static int by_pid(const void *x, const void *y)
{
    const as_actor *a = x, *b = y;

    if (a->run != b->run)
        return a->run < b->run ? -1 : 1;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return a->fact < b->fact ? -1 : a->fact > b->fact;
}

/* Where there is but one run, what is told outside of it happened in it all the same. */
static uint32_t run_key(const as_adder *a, const as_facts *f, uint32_t fact)
{
    return a->runs > 1 ? as_fact_run(f, fact) : AS_NO_FACT;
}

static as_code list_actors(as_adder *a, const as_facts *f, as_err *err)
{
    a->n_actors = 0;
    a->runs = 0;
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);

        a->runs += fact->kind == AS_KIND_ANALYSIS && !(fact->flags & AS_FACT_GONE);
    }
    for (uint32_t i = 0; i < as_facts_count(f); i++) {
        const as_fact *fact = as_facts_get(f, i);
        void *p = a->actors;
        as_value pid;

        if (!acts(fact->kind) || (fact->flags & AS_FACT_GONE) ||
            !as_fact_attr(f, fact, AS_ATTR_PID, &pid))
            continue;
        if (!as_mem_room(&p, &a->cap_actors, a->n_actors, sizeof(*a->actors)))
            return as_fail_nomem(err, "the processes of a report");
        a->actors = p;
        a->actors[a->n_actors++] = (as_actor){run_key(a, f, i), pid.str, i};
    }
    if (a->n_actors > 1)
        qsort(a->actors, a->n_actors, sizeof(*a->actors), by_pid);
    return AS_OK;
}

/* The process of that number that was told last before the fact, else the first behind it. */
static uint32_t actor_by_pid(const as_adder *a, const as_facts *f, uint32_t fact)
{
    as_actor key = {.run = run_key(a, f, fact), .fact = fact};
    size_t low = 0, high = a->n_actors;
    as_value pid;

    if (!a->n_actors || !as_fact_attr(f, as_facts_get(f, fact), AS_ATTR_PID, &pid))
        return AS_NO_FACT;
    key.pid = pid.str;
    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (by_pid(&a->actors[mid], &key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low > 0 && a->actors[low - 1].run == key.run && a->actors[low - 1].pid == key.pid)
        return a->actors[low - 1].fact;
    if (low < a->n_actors && a->actors[low].run == key.run && a->actors[low].pid == key.pid)
        return a->actors[low].fact;
    return AS_NO_FACT;
}

#define CHAIN_MAX 1024u /* as deep as JSON goes; a longer one is a circle */

static uint32_t process_of(const as_adder *a, const as_facts *f, uint32_t fact)
{
    uint32_t at = fact;

    for (size_t i = 0; at != AS_NO_FACT && i < CHAIN_MAX; i++) {
        const as_fact *there = as_facts_get(f, at);

        if (acts(there->kind))
            return at;
        at = as_fact_parent(f, there);
    }
    return actor_by_pid(a, f, fact);
}

/* --- rows ----------------------------------------------------------------------------------- */

static bool time_of(const as_facts *f, const as_fact *fact, int64_t *ret)
{
    static const as_attr_name names[] = {AS_ATTR_TIME, AS_ATTR_FIRST_SEEN, AS_ATTR_STARTED,
                                         AS_ATTR_MACHINE_STARTED};

    for (size_t i = 0; i < AS_COUNT(names); i++) {
        as_bytes text = as_fact_text(f, fact, names[i]);

        if (text.n > 0 && as_time_parse(text, ret))
            return true;
    }
    return false;
}

static void bind_id(sqlite3_stmt *st, int at, int64_t id)
{
    if (id)
        (void)sqlite3_bind_int64(st, at, id);
    else
        (void)sqlite3_bind_null(st, at);
}

static void pack_range(const as_evidence *e, uint64_t *before, as_buf *out)
{
    as_put_varint(out, as_zigzag((int64_t)(e->begin - *before)));
    as_put_varint(out, e->end - e->begin);
    *before = e->begin;
}

static void pack_evidence(const as_facts *f, const as_fact *fact, as_buf *out)
{
    const as_evidence *e = as_fact_evidence(f, fact);
    uint64_t before = 0;
    as_heirloom h;

    for (size_t i = 0; i < fact->n_evidence; i++)
        pack_range(&e[i], &before, out);
    for (unsigned i = 0; i < AS_HEIRLOOMS; i++) {
        if (as_fact_inherits(f, fact, i, &h))
            pack_range(h.evidence, &before, out);
    }
}

static void note_kind(as_adder *a, unsigned kind, int64_t id)
{
    if (a->kinds[kind].facts++ == 0)
        a->kinds[kind].first = id;
}

static as_code put_row(as_adder *a, sqlite3_stmt *st, const as_facts *f, uint32_t i, as_err *err)
{
    const as_fact *fact = as_facts_get(f, i);
    int64_t time;
    as_code rc;

    as_buf_reset(&a->evidence);
    as_buf_reset(&a->attrs);
    pack_evidence(f, fact, &a->evidence);
    as_pack_attrs(a->s, f, fact, &a->attrs);
    if (a->evidence.failed || a->attrs.failed)
        return as_fail_nomem(err, "a row");
    (void)sqlite3_bind_int64(st, 1, a->ids[i]);
    (void)sqlite3_bind_int64(st, 2, a->doc);
    (void)sqlite3_bind_int64(st, 3, a->sample);
    (void)sqlite3_bind_int64(st, 4, as_word_stored(a->s, AS_WORD_KIND, fact->kind));
    bind_id(st, 5, id_of(a, as_fact_parent(f, fact)));
    bind_id(st, 6, id_of(a, process_of(a, f, i)));
    bind_id(st, 7, id_of(a, as_fact_run(f, i)));
    if (time_of(f, fact, &time)) {
        (void)sqlite3_bind_int64(st, 8, time);
        if (fact->kind == AS_KIND_ANALYSIS && (!a->seen_us || time < a->seen_us))
            a->seen_us = time;
    } else {
        (void)sqlite3_bind_null(st, 8);
    }
    (void)sqlite3_bind_blob64(st, 9, a->evidence.p, a->evidence.n, SQLITE_STATIC);
    (void)sqlite3_bind_blob64(st, 10, a->attrs.p ? a->attrs.p : (const uint8_t *)"", a->attrs.n,
                              SQLITE_STATIC);
    rc = as_sql_do(a->s, st, err);
    if (rc)
        return rc;
    note_kind(a, fact->kind, a->ids[i]);
    return as_gather_fact(a->gather, f, fact, a->ids[i], err);
}

static as_code put_rows(as_adder *a, const as_analysis *an, as_err *err)
{
    static const char sql[] =
        "INSERT INTO fact(id, doc, sample, kind, parent, process, run, time_us, evidence, attrs) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    sqlite3_stmt *st = NULL;
    as_code rc = number_facts(a, an, err);

    if (!rc)
        rc = list_actors(a, an->facts, err);
    if (!rc)
        rc = as_sql_get(a->s, sql, &st, err);
    for (uint32_t i = 0; !rc && i < as_facts_count(an->facts); i++) {
        if (!(as_facts_get(an->facts, i)->flags & (AS_FACT_GONE | AS_FACT_CARRIED)))
            rc = put_row(a, st, an->facts, i, err);
    }
    as_sql_put(a->s, st);
    if (!rc)
        rc = as_gather_flush(a->gather, a->s, a->doc, a->sample, err);
    if (!rc)
        rc = as_callbook_flush(a->calls, a->doc, a->ids, a->n_ids, err);
    return rc;
}

/* --- the document --------------------------------------------------------------------------- */

static as_code begin_document(as_adder *a, as_err *err)
{
    static const char sql[] =
        "INSERT INTO document(id, sample, sha256, name, asked_format, format, tool, size, "
        "added_us) VALUES(?1, ?2, ?3, ?4, ?5, '', '', ?6, ?7)";
    sqlite3_stmt *st = NULL;
    as_code rc = as_sql_int(a->s, "SELECT value FROM counter WHERE name = 'fact'", NULL, 0,
                            &a->last_fact, err);

    a->first_fact = a->last_fact + 1;
    if (!rc)
        rc = as_sql_get(a->s, sql, &st, err);
    if (rc)
        return rc;
    bind_id(st, 1, a->doc);
    (void)sqlite3_bind_int64(st, 2, a->sample);
    as_bind_bytes(st, 3, (as_bytes){a->info.sha256, AS_SHA256_SIZE});
    as_bind_bytes(st, 4, a->name);
    as_bind_text(st, 5, as_bytes_of(a->options->format));
    (void)sqlite3_bind_int64(st, 6, (int64_t)a->info.size);
    (void)sqlite3_bind_int64(st, 7, a->added_us ? a->added_us : as_time_now());
    rc = as_sql_do(a->s, st, err);
    as_sql_put(a->s, st);
    if (!rc && !a->doc)
        a->doc = sqlite3_last_insert_rowid(a->s->db);
    return rc;
}

static as_code own_sample(as_adder *a, as_err *err)
{
    a->sample = a->own;
    return a->own ? AS_OK : as_sample_new(a->s, &a->sample, err);
}

static as_code put_portion(void *ctx, const as_analysis *an, as_err *err)
{
    as_adder *a = ctx;
    as_code rc = AS_OK;

    if (!a->begun) {
        rc = own_sample(a, err);
        if (!rc)
            rc = begin_document(a, err);
        a->begun = !rc;
    }
    return rc ? rc : put_rows(a, an, err);
}

static as_code put_last(as_adder *a, const as_analysis *an, as_err *err)
{
    as_code rc;

    as_target_of(an, a->path, &a->target);
    if (a->begun)
        return put_rows(a, an, err);
    rc = as_sample_find(a->s, &a->target, 0, &a->sample, err);
    if (!rc && !a->sample)
        rc = own_sample(a, err);
    if (!rc)
        rc = begin_document(a, err);
    a->begun = !rc;
    return rc ? rc : put_rows(a, an, err);
}

static void bind_document(const as_adder *a, const as_analysis *an, sqlite3_stmt *st)
{
    (void)sqlite3_bind_int64(st, 1, a->doc);
    as_bind_text(st, 2, as_bytes_of(an->format));
    as_bind_text(st, 3, as_bytes_of(an->tool));
    as_bind_bytes(st, 4,
                  an->tool_version ? as_facts_text(an->facts, an->tool_version) : (as_bytes){0});
    (void)sqlite3_bind_int64(st, 5, a->last_fact - a->first_fact + 1);
    (void)sqlite3_bind_int64(st, 6, (int64_t)an->calls);
    (void)sqlite3_bind_int64(st, 7, (int64_t)an->bad_lines);
    (void)sqlite3_bind_int64(st, 8, an->gaps);
    (void)sqlite3_bind_int64(st, 9, a->seen_us);
    (void)sqlite3_bind_int64(st, 10, a->first_fact);
    (void)sqlite3_bind_int64(st, 11, a->last_fact);
    as_bind_text(st, 12, a->target.sha256);
    as_bind_text(st, 13, a->target.sha1);
    as_bind_text(st, 14, a->target.md5);
    as_bind_bytes(st, 15, a->target.name);
    as_bind_text(st, 16, as_bytes_of(a->target.type));
    (void)sqlite3_bind_int64(st, 17, (int64_t)a->target.size);
    as_bind_bytes(st, 18, as_buf_bytes(&a->outline));
}

static as_code end_document(as_adder *a, const as_analysis *an, as_err *err)
{
    static const char sql[] =
        "UPDATE document SET format = ?2, tool = ?3, tool_version = ?4, facts = ?5, calls = ?6, "
        "bad_lines = ?7, gaps = ?8, seen_us = ?9, first_fact = ?10, last_fact = ?11, "
        "target_sha256 = ?12, target_sha1 = ?13, target_md5 = ?14, target_name = ?15, "
        "target_type = ?16, target_size = ?17, outline = ?18 WHERE id = ?1";
    sqlite3_stmt *st = NULL;
    as_code rc = as_sql_get(a->s, sql, &st, err);

    if (!rc) {
        bind_document(a, an, st);
        rc = as_sql_do(a->s, st, err);
    }
    as_sql_put(a->s, st);
    if (!rc)
        rc = as_sql_int(a->s, "UPDATE counter SET value = ?1 WHERE name = 'fact'", &a->last_fact, 1,
                        NULL, err);
    if (!rc)
        rc = as_sample_names_put(a->s, a->doc, a->sample, &a->target, a->name, err);
    return rc;
}

static as_code put_kinds(as_adder *a, as_err *err)
{
    static const char sql[] =
        "INSERT INTO sample_kind(kind, sample, facts, first) VALUES(?1, ?2, ?3, ?4) "
        "ON CONFLICT DO UPDATE SET facts = facts + excluded.facts, "
        "first = min(first, excluded.first)";
    static const char total[] = "INSERT INTO kind_total(kind, facts, samples) VALUES(?1, ?2, ?3) "
                                "ON CONFLICT DO UPDATE SET facts = facts + excluded.facts, "
                                "samples = samples + excluded.samples";
    static const char known[] = "SELECT count(*) FROM sample_kind WHERE kind = ?1 AND sample = ?2";
    sqlite3_stmt *st = NULL;
    as_code rc = as_sql_get(a->s, sql, &st, err);

    for (unsigned k = 0; !rc && k < AS_KIND_COUNT; k++) {
        int64_t args[3] = {as_word_stored(a->s, AS_WORD_KIND, k), a->sample, 0}, there = 0;

        if (!a->kinds[k].facts)
            continue;
        rc = as_sql_int(a->s, known, args, 2, &there, err);
        (void)sqlite3_bind_int64(st, 1, args[0]);
        (void)sqlite3_bind_int64(st, 2, a->sample);
        (void)sqlite3_bind_int64(st, 3, a->kinds[k].facts);
        (void)sqlite3_bind_int64(st, 4, a->kinds[k].first);
        if (!rc)
            rc = as_sql_do(a->s, st, err);
        args[1] = a->kinds[k].facts;
        args[2] = !there;
        if (!rc)
            rc = as_sql_int(a->s, total, args, 3, NULL, err);
    }
    as_sql_put(a->s, st);
    return rc;
}

/* A log that had a sample of its own so far may turn out to be about a known one. */
static as_code settle_sample(as_adder *a, bool in_portions, as_err *err)
{
    int64_t found = 0;
    as_code rc = AS_OK;

    if (in_portions)
        rc = as_sample_find(a->s, &a->target, a->sample, &found, err);
    if (!rc && found && found != a->sample) {
        rc = as_document_move(a->s, a->doc, a->sample, found, err);
        a->sample = found;
    }
    return rc ? rc : as_sample_refresh(a->s, a->sample, err);
}

/* --- reading it ----------------------------------------------------------------------------- */

static as_code take_call(void *ctx, const as_call *call, as_err *err)
{
    return as_callbook_add(((as_adder *)ctx)->calls, call, err);
}

/* The analysis is to say what was given, not by what name it is kept. */
static as_code rename_source(as_analysis *an, const char *path, as_err *err)
{
    size_t n = strlen(path) + 1;
    char *copy = as_mem_get(n);

    if (!copy)
        return as_fail_nomem(err, "reading a report");
    memcpy(copy, path, n);
    as_mem_free((void *)(uintptr_t)an->source);
    an->source = copy;
    return AS_OK;
}

static as_code read_blob(as_adder *a, as_read_options *options, as_analysis **ret, as_err *err)
{
    as_source *source = NULL;
    as_code rc = as_blob_open(a->s->blobs, a->info.sha256, &source, err);

    if (!rc) {
        as_source_hash(source, false); /* that was done when it was kept */
        rc = as_analysis_read(source, options, ret, err);
    }
    as_source_free(source);
    if (rc)
        return rc;
    memcpy((*ret)->sha256, a->info.sha256, AS_SHA256_SIZE);
    return rename_source(*ret, a->path, err);
}

static as_code put_outline(as_adder *a, const as_analysis *an, as_err *err)
{
    as_source *source = NULL;
    as_code rc;

    if (as_facts_has_records(an->facts))
        return AS_OK;
    rc = as_blob_open(a->s->blobs, a->info.sha256, &source, err);
    if (!rc) {
        as_source_hash(source, false);
        rc = as_outline_read(source, &a->outline, err);
    }
    as_source_free(source);
    return rc;
}

static as_code put_chunks(as_adder *a, as_analysis *an, as_err *err)
{
    as_read_options again = {
        .format = a->options->format, .found = a->options->found, .digest = true};
    as_analysis *digest = NULL;
    as_code rc = AS_OK;

    if (!a->options->chunks)
        return AS_OK;
    if (an->portions > 0) {
        rc = read_blob(a, &again, &digest, err);
        an = digest;
    }
    if (!rc)
        rc = as_chunks_put(a->s, a->doc, a->sample, an, a->options, &a->chunks, err);
    as_analysis_free(digest);
    return rc;
}

static as_code read_and_put(as_adder *a, as_err *err)
{
    as_read_options options = {
        .format = a->options->format,
        .found = a->options->found,
        .on_call = take_call,
        .call_ctx = a,
        .on_tick = a->options->on_tick,
        .tick_ctx = a->options->tick_ctx,
        .on_portion = put_portion,
        .portion_ctx = a,
        .on_bad = a->options->on_bad,
        .bad_ctx = a->options->bad_ctx,
        .portion = a->s->portion,
    };
    as_analysis *an = NULL;
    as_code rc = read_blob(a, &options, &an, err);

    if (!rc)
        rc = put_last(a, an, err);
    if (!rc)
        rc = put_outline(a, an, err);
    if (!rc)
        rc = end_document(a, an, err);
    if (!rc)
        rc = put_kinds(a, err);
    if (!rc)
        rc = settle_sample(a, an->portions > 0, err);
    if (!rc)
        rc = put_chunks(a, an, err);
    if (!rc)
        a->n_calls = an->calls;
    as_analysis_free(an);
    return rc;
}

void as_adder_done(as_adder *a)
{
    as_gather_free(a->gather);
    as_callbook_free(a->calls);
    as_mem_free(a->ids);
    as_mem_free(a->before);
    as_mem_free(a->actors);
    as_buf_done(&a->evidence);
    as_buf_done(&a->attrs);
    as_buf_done(&a->outline);
}

as_code as_adder_run(as_adder *a, as_err *err)
{
    a->gather = as_gather_new();
    a->calls = as_callbook_new(a->s);
    if (!a->gather || !a->calls)
        return as_fail_nomem(err, "adding a report");
    return read_and_put(a, err);
}

/* --- as_store_add --------------------------------------------------------------------------- */

static as_code find_document(as_store *s, const as_blob_info *info, as_added *ret, bool *found,
                             as_err *err)
{
    sqlite3_stmt *st = NULL;
    as_code rc =
        as_sql_get(s, "SELECT id, sample, facts, calls FROM document WHERE sha256 = ?1", &st, err);

    *found = false;
    if (!rc) {
        as_bind_bytes(st, 1, (as_bytes){info->sha256, AS_SHA256_SIZE});
        rc = as_sql_step(s, st, found, err);
    }
    if (!rc && *found)
        *ret = (as_added){.doc = sqlite3_column_int64(st, 0),
                          .sample = sqlite3_column_int64(st, 1),
                          .was_there = true,
                          .size = info->size,
                          .facts = (uint64_t)sqlite3_column_int64(st, 2),
                          .calls = (uint64_t)sqlite3_column_int64(st, 3)};
    as_sql_put(s, st);
    if (!rc && *found)
        memcpy(ret->sha256, info->sha256, AS_SHA256_SIZE);
    return rc;
}

static as_code note_fresh(as_store *s, const as_blob_info *info, as_err *err)
{
    if (info->was_there)
        return AS_OK;
    as_buf_add(&s->fresh, (as_bytes){info->sha256, AS_SHA256_SIZE});
    return s->fresh.failed ? as_fail_nomem(err, "the list of what was added") : AS_OK;
}

/* The blob that came last is of no document. */
static void forget_blob(as_store *s, const as_blob_info *info)
{
    if (info->was_there)
        return;
    if (s->fresh.n >= AS_SHA256_SIZE &&
        !memcmp(s->fresh.p + s->fresh.n - AS_SHA256_SIZE, info->sha256, AS_SHA256_SIZE))
        s->fresh.n -= AS_SHA256_SIZE;
    as_blob_forget(s, info->sha256);
}

/* Everything of it goes again; the documents of the batch before it stay. */
static as_code take_back(as_store *s, const as_adder *a)
{
    const int64_t args[] = {a->doc, a->first_fact, a->last_fact};
    as_code rc = AS_OK;

    if (sqlite3_get_autocommit(s->db))
        return AS_IO; /* the engine itself took all back: so it does when the disk is full */
    if (a->begun) {
        rc = as_sql_int(s, "UPDATE document SET first_fact = ?2, last_fact = ?3 WHERE id = ?1",
                        args, 3, NULL, NULL);
        if (!rc)
            rc = as_document_drop(s, a->doc, false, NULL);
        if (!rc)
            rc = as_sql_run(s, "DELETE FROM term WHERE facts = 0", NULL);
    }
    return rc || !a->sample ? rc : as_sample_refresh(s, a->sample, NULL);
}

/*
 * No savepoint, which would keep a copy of every page that a good document changes for the
 * sake of the few that are bad. Those mostly are before their first row.
 */
static as_code add_new(as_store *s, as_adder *a, as_added *ret, as_err *err)
{
    as_code rc = as_adder_run(a, err);

    if (rc) {
        if (take_back(s, a))
            s->lost = true;
        return rc;
    }
    *ret = (as_added){.doc = a->doc,
                      .sample = a->sample,
                      .size = a->info.size,
                      .facts = (uint64_t)(a->last_fact - a->first_fact + 1),
                      .calls = a->n_calls,
                      .chunks = a->chunks};
    memcpy(ret->sha256, a->info.sha256, AS_SHA256_SIZE);
    return AS_OK;
}

static as_code add_in_batch(as_store *s, as_source *source, const as_adder *given, as_added *ret,
                            as_err *err)
{
    as_adder a = *given;
    bool found = false;
    as_code rc = as_blob_put(s->blobs, source, true, &a.info, err);

    if (rc)
        return rc;
    rc = find_document(s, &a.info, ret, &found, err);
    if (!rc && !found)
        rc = note_fresh(s, &a.info, err);
    if (!rc && !found)
        rc = add_new(s, &a, ret, err);
    as_adder_done(&a);
    if (rc && !found) /* a known document's blob that had been lost is back for good */
        forget_blob(s, &a.info);
    return rc;
}

/* The bytes are there, and whether they are of a document already is still to be seen. */
static as_code add_kept(as_store *s, const as_adder *given, as_added *ret, as_err *err)
{
    as_adder a = *given;
    bool found = false;
    as_code rc = find_document(s, &a.info, ret, &found, err);

    if (rc || found)
        return rc;
    rc = as_blobs_adopt(s->blobs, a.info.sha256, err);
    if (!rc)
        rc = note_fresh(s, &a.info, err);
    if (!rc)
        rc = add_new(s, &a, ret, err);
    as_adder_done(&a);
    if (rc)
        forget_blob(s, &a.info);
    return rc;
}

as_code as_store_add_as(as_store *s, as_source *source, const char *name, int64_t added_us,
                        const as_store_add_options *options, as_added *ret, as_err *err)
{
    static const as_store_add_options none;
    as_adder a = {.s = s,
                  .options = options ? options : &none,
                  .path = name,
                  .name = as_bytes_of(name),
                  .added_us = added_us};
    bool own;
    as_added added = {0};
    as_code rc = as_txn_begin(s, &own, err);

    if (rc)
        return rc;
    rc = add_in_batch(s, source, &a, &added, err);
    rc = as_txn_end(s, own, rc, err);
    if (!rc)
        *ret = added;
    return rc;
}

as_code as_store_add(as_store *s, as_source *source, const as_store_add_options *options,
                     as_added *ret, as_err *err)
{
    return as_store_add_as(s, source, as_source_name(source), 0, options, ret, err);
}

as_code as_store_add_kept(as_store *s, const as_blob_info *kept, const char *name,
                          const as_store_add_options *options, as_added *ret, as_err *err)
{
    static const as_store_add_options none;
    as_adder a = {.s = s,
                  .options = options ? options : &none,
                  .path = name,
                  .name = as_bytes_of(name),
                  .info = *kept};
    bool own;
    as_added added = {0};
    as_code rc = as_txn_begin(s, &own, err);

    if (rc)
        return rc;
    rc = add_kept(s, &a, &added, err);
    rc = as_txn_end(s, own, rc, err);
    if (!rc)
        *ret = added;
    return rc;
}

void as_store_forget_kept(as_store *s, const as_blob_info *kept)
{
    as_added unused;
    bool found = true;

    if (!kept->was_there && !find_document(s, kept, &unused, &found, NULL) && !found)
        as_blob_forget(s, kept->sha256);
}
