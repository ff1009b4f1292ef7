#include "encode/models_priv.h"

#include "base/jsonw.h"
#include "encode/jread_priv.h"

#include <stdarg.h>
#include <string.h>

#include "base/banned.h"

#define SCHEMA "assay/model/1"

/* Model types that run here; see encoders.md, "Getting models". */
static const char *const types[] = {"bert", "xlm-roberta"};

bool as_model_name_ok(as_bytes name)
{
    if (name.n == 0 || name.n > AS_MODEL_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!word && (i == 0 || (c != '.' && c != '_' && c != '-')))
            return false;
    }
    return true;
}

as_code as_model_name_of(as_bytes text, as_arena *a, as_bytes *ret, as_err *err)
{
    uint8_t name[AS_MODEL_NAME_MAX];
    size_t n = 0;

    for (size_t i = 0; i < text.n && n < sizeof(name); i++) {
        name[n] = text.p[i];
        if (!as_model_name_ok((as_bytes){name, n + 1}) && n > 0)
            name[n] = '-';
        if (as_model_name_ok((as_bytes){name, n + 1}))
            n++;
    }
    if (as_arena_copy(a, (as_bytes){name, n}, ret))
        return as_fail_nomem(err, "a name");
    return AS_OK;
}

static uint8_t folded(uint8_t c)
{
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool ends_like(as_bytes text, const char *name)
{
    size_t n = strlen(name);

    if (text.n < n || (text.n > n && folded(text.p[text.n - n - 1]) != '-'))
        return false;
    for (size_t i = 0; i < n; i++)
        if (folded(text.p[text.n - n + i]) != folded((uint8_t)name[i]))
            return false;
    return true;
}

const as_profile *as_profile_like(as_bytes text)
{
    const as_profile *best = as_profile_find(text);
    size_t n;
    const as_profile *all = as_profile_all(&n);

    for (size_t i = 0; !best && i < n; i++)
        if (ends_like(text, all[i].name))
            best = &all[i];
    return best;
}

void as_model_note(const as_model_job *job, const char *fmt, ...)
{
    char line[512];
    va_list args;

    if (!job->notes)
        return;
    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    as_buf_text(job->notes, line);
    as_buf_byte(job->notes, '\n');
}

/* --- the manifest --------------------------------------------------------------------------------
 */

struct reading {
    as_manifest m;
    as_bytes schema;
    size_t cap;
    as_arena *a;
};

static as_code take_file_member(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    as_model_file *f = ctx;
    as_bytes text = {0};
    as_code rc = AS_OK;

    if (as_bytes_is(key, "path"))
        rc = as_jread_text(r, t, &f->path, err);
    else if (as_bytes_is(key, "size") && !as_jread_u64(t, &f->size))
        rc = as_fail(err, AS_INVALID, (size_t)t->begin, "a size that is no number");
    else if (as_bytes_is(key, "sha256"))
        rc = as_jread_text(r, t, &text, err);
    if (!rc && text.n == AS_SHA256_HEX)
        memcpy(f->sha256, text.p, text.n);
    return rc;
}

static bool is_digest(const char *text)
{
    return strspn(text, "0123456789abcdef") == AS_SHA256_HEX;
}

static as_code take_file(void *ctx, as_jread *r, as_json_tok *t, as_err *err)
{
    struct reading *in = ctx;
    as_model_file f = {0};
    as_code rc;

    if (t->type != AS_JSON_OBJECT)
        return as_fail(err, AS_INVALID, (size_t)t->begin, "a file that is no object");
    if (in->m.n_files == AS_MODEL_FILES_MAX)
        return as_fail(err, AS_LIMIT, (size_t)t->begin, "more than %u files", AS_MODEL_FILES_MAX);
    rc = as_jread_members(r, take_file_member, &f, err);
    if (rc)
        return rc;
    if (!as_path_plain(f.path) || !is_digest(f.sha256))
        return as_fail(err, AS_INVALID, (size_t)t->begin, "a file without path or sha256");
    for (size_t i = 0; i < in->m.n_files; i++)
        if (as_bytes_eq(in->m.files[i].path, f.path))
            return as_fail(err, AS_INVALID, (size_t)t->begin, "a file that is there twice");
    in->m.files[in->m.n_files++] = f;
    return AS_OK;
}

static as_code take_member(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    struct reading *in = ctx;
    const struct {
        const char *name;
        as_bytes *text;
    } texts[] = {{"schema", &in->schema},     {"name", &in->m.name},
                 {"source", &in->m.source},   {"revision", &in->m.revision},
                 {"licence", &in->m.licence}, {"profile", &in->m.profile}};

    for (size_t i = 0; i < AS_COUNT(texts); i++)
        if (as_bytes_is(key, texts[i].name))
            return as_jread_text(r, t, texts[i].text, err);
    if (as_bytes_is(key, "files") && t->type == AS_JSON_ARRAY && in->m.n_files == 0)
        return as_jread_items(r, take_file, in, err);
    return AS_OK;
}

as_code as_manifest_read(as_bytes json, as_arena *a, as_manifest *ret, as_err *err)
{
    struct reading in = {.a = a};
    as_code rc;

    in.m.files = as_arena_take(a, AS_MODEL_FILES_MAX, sizeof(*in.m.files));
    if (!in.m.files)
        return as_fail_nomem(err, "a manifest");
    rc = as_jread_object(json, a, take_member, &in, err);
    if (rc)
        return rc;
    if (!as_bytes_is(in.schema, SCHEMA) || !as_model_name_ok(in.m.name) || in.m.n_files == 0)
        return as_fail(err, AS_INVALID, 0, "no manifest '" SCHEMA "' of a model");
    *ret = in.m;
    return AS_OK;
}

static void put_text(as_jsonw *w, const char *key, as_bytes text)
{
    as_jsonw_key(w, key);
    if (text.n > 0)
        as_jsonw_str(w, text);
    else
        as_jsonw_null(w);
}

void as_manifest_write(const as_manifest *m, as_buf *out)
{
    as_jsonw w = as_jsonw_to(out, 2);

    as_jsonw_object(&w);
    as_jsonw_key(&w, "schema");
    as_jsonw_text(&w, SCHEMA);
    put_text(&w, "name", m->name);
    put_text(&w, "source", m->source);
    put_text(&w, "revision", m->revision);
    put_text(&w, "licence", m->licence);
    put_text(&w, "profile", m->profile);
    as_jsonw_key(&w, "files");
    as_jsonw_array(&w);
    for (size_t i = 0; i < m->n_files; i++) {
        as_jsonw_object(&w);
        put_text(&w, "path", m->files[i].path);
        as_jsonw_key(&w, "size");
        as_jsonw_u64(&w, m->files[i].size);
        as_jsonw_key(&w, "sha256");
        as_jsonw_text(&w, m->files[i].sha256);
        as_jsonw_end(&w);
    }
    as_jsonw_end(&w);
    as_jsonw_end(&w);
    as_buf_byte(out, '\n');
}

/* --- what the files say -------------------------------------------------------------------------
 */

static as_code take_config(void *ctx, as_jread *r, as_bytes key, as_json_tok *t, as_err *err)
{
    as_model_says *says = ctx;
    uint64_t n = 0;

    if (as_bytes_is(key, "model_type"))
        return as_jread_text(r, t, &says->type, err);
    if (as_bytes_is(key, "hidden_size") && as_jread_u64(t, &n) && n <= 65536)
        says->dim = (unsigned)n;
    return AS_OK;
}

as_code as_model_config(as_bytes json, as_arena *a, as_model_says *ret, as_err *err)
{
    as_err why = {0};
    as_code rc = as_jread_object(json, a, take_config, ret, &why);

    if (rc)
        return as_fail(err, rc, why.offset, "config.json: %s", why.msg);
    return AS_OK;
}

as_code as_model_type_check(as_bytes type, as_err *err)
{
    char shown[48];

    for (size_t i = 0; i < AS_COUNT(types); i++)
        if (as_bytes_is(type, types[i]))
            return AS_OK;
    if (type.n == 0)
        return AS_OK;
    return as_fail(err, AS_UNKNOWN, AS_NO_OFFSET,
                   "a model of type '%s'; bert and xlm-roberta are run here",
                   as_bytes_show(type, shown, sizeof(shown)));
}

static as_bytes next_line(as_bytes *left)
{
    const uint8_t *end = left->n > 0 ? memchr(left->p, '\n', left->n) : NULL;
    as_bytes line = {left->p, end ? (size_t)(end - left->p) : left->n};

    left->p += line.n + (end ? 1 : 0);
    left->n -= line.n + (end ? 1 : 0);
    if (line.n > 0 && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

/* "license: mit" between two lines of "---". */
as_code as_model_card(as_bytes text, as_arena *a, as_bytes *ret_licence, as_err *err)
{
    static const char key[] = "license:";
    as_bytes line = next_line(&text);

    if (!as_bytes_is(line, "---"))
        return AS_OK;
    while (text.n > 0 && !as_bytes_is(line = next_line(&text), "---")) {
        if (line.n < sizeof(key) || memcmp(line.p, key, sizeof(key) - 1) != 0)
            continue;
        line.p += sizeof(key) - 1;
        line.n -= sizeof(key) - 1;
        while (line.n > 0 && strchr(" \"'", line.p[0])) {
            line.p++;
            line.n--;
        }
        while (line.n > 0 && strchr(" \"'", line.p[line.n - 1]))
            line.n--;
        if (line.n == 0 || line.n > 80)
            return AS_OK;
        return as_arena_copy(a, line, ret_licence) ? as_fail_nomem(err, "a licence") : AS_OK;
    }
    return AS_OK;
}

as_code as_model_ask_files(int fd, as_arena *a, as_model_says *ret, as_err *err)
{
    as_bytes text = {0};
    as_code rc = as_read_below(fd, AS_LITERAL("config.json"), AS_MODEL_SMALL_MAX, a, &text, err);

    if (!rc && text.n > 0)
        rc = as_model_config(text, a, ret, err);
    text = (as_bytes){0};
    if (!rc)
        rc = as_read_below(fd, AS_LITERAL("README.md"), AS_MODEL_SMALL_MAX, a, &text, err);
    if (!rc && text.n > 0)
        rc = as_model_card(text, a, &ret->licence, err);
    return rc;
}
