#include "encode/hub.h"
#include "encode/http.h"
#include "encode/models_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define HUB        "https://huggingface.co"
#define INFO_MAX   ((uint64_t)8 << 20)
#define COMMIT_OF  ".commit" /* of what is fetched, in the folder that is filled */
#define NAME_BYTES 200u

struct pull {
    const as_model_job *job;
    as_arena *a;
    char repo[NAME_BYTES]; /* OWNER/NAME */
    char revision[NAME_BYTES];
    bool newest; /* no revision was asked for */
    char endpoint[512];
    as_http *http;
    as_http_reply reply;
    as_bytes commit, licence, name;
    as_hub_listing listing;
    as_material material;
    as_pick pick;
    as_staging staging;
    as_manifest manifest;
    uint64_t total, before; /* bytes of all files, of those that are done */
};

/* --- what is asked for --------------------------------------------------------------------------
 */

static bool is_repo(as_bytes text)
{
    const uint8_t *slash = text.n > 0 ? memchr(text.p, '/', text.n) : NULL;
    size_t n = slash ? (size_t)(slash - text.p) : 0;

    return slash && as_model_name_ok((as_bytes){text.p, n}) &&
           as_model_name_ok((as_bytes){slash + 1, text.n - n - 1});
}

static as_code read_spec(struct pull *p, const char *spec, as_err *err)
{
    const char *at = strchr(spec, '@');
    as_bytes repo = {(const uint8_t *)spec, at ? (size_t)(at - spec) : strlen(spec)};
    as_bytes revision = as_bytes_of(at ? at + 1 : "main");
    const as_profile *profile = as_profile_find(repo);
    const char *endpoint = getenv("HF_ENDPOINT");
    char shown[64];
    size_t n;

    p->newest = !at;
    if (profile)
        repo = as_bytes_of(profile->hub);
    if (!is_repo(repo) || repo.n >= sizeof(p->repo))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "'%s' is no OWNER/NAME of a hub, and no name that 'assay model list' shows",
                       as_bytes_show(repo, shown, sizeof(shown)));
    if (!as_path_plain(revision) || revision.n >= sizeof(p->revision))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s' is no revision",
                       as_bytes_show(revision, shown, sizeof(shown)));
    memcpy(p->repo, repo.p, repo.n);
    memcpy(p->revision, revision.p, revision.n);
    endpoint = endpoint && *endpoint ? endpoint : HUB;
    n = strlen(endpoint);
    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    if (n >= sizeof(p->endpoint))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "HF_ENDPOINT is too long");
    if (p->job->name && !as_model_name_ok(as_bytes_of(p->job->name)))
        return as_fail(err, AS_USAGE, AS_NO_OFFSET, "'%s' is no name for a model",
                       as_bytes_show(as_bytes_of(p->job->name), shown, sizeof(shown)));
    memcpy(p->endpoint, endpoint, n);
    p->name = p->job->name ? as_bytes_of(p->job->name) : as_path_base(as_bytes_of(p->repo));
    return AS_OK;
}

/* --- the cache
 * ------------------------------------------------------------------------------------ */

static bool cache_folder(char dst[PATH_MAX])
{
    const char *cache = getenv("HF_HUB_CACHE"), *hf = getenv("HF_HOME"), *user = getenv("HOME");
    int n = -1;

    if (cache && *cache)
        n = snprintf(dst, PATH_MAX, "%s", cache);
    else if (hf && *hf)
        n = snprintf(dst, PATH_MAX, "%s/hub", hf);
    else if (user && *user)
        n = snprintf(dst, PATH_MAX, "%s/.cache/huggingface/hub", user);
    return n > 0 && n < PATH_MAX;
}

/* The commit that the cache knows the revision by, or the revision if it is one. */
static bool cached_commit(const char *model, const char *revision, char commit[64])
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/refs/%s", model, revision);
    int fd = n > 0 && n < PATH_MAX ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    ssize_t got = fd >= 0 ? read(fd, commit, 63) : 0;

    if (fd >= 0)
        (void)close(fd);
    if (got <= 0)
        got = snprintf(commit, 64, "%.63s", revision);
    commit[got] = '\0';
    commit[strcspn(commit, " \r\n")] = '\0';
    return strspn(commit, "0123456789abcdef") == 40 && commit[40] == '\0';
}

/* False: nothing that can be used is there. */
static bool find_cached(struct pull *p, char path[PATH_MAX], char commit[64])
{
    char cache[PATH_MAX], model[PATH_MAX];
    const char *slash = strchr(p->repo, '/');
    int n;

    if (!cache_folder(cache))
        return false;
    n = snprintf(model, sizeof(model), "%s/models--%.*s--%s", cache, (int)(slash - p->repo),
                 p->repo, slash + 1);
    if (n < 0 || n >= PATH_MAX || !cached_commit(model, p->revision, commit))
        return false;
    n = snprintf(path, PATH_MAX, "%s/snapshots/%s", model, commit);
    return n > 0 && n < PATH_MAX && access(path, R_OK) == 0;
}

/* *ret_done: the model was taken, or is there already. A cache of no use is passed over. */
static as_code from_cache(struct pull *p, bool *ret_done, as_err *err)
{
    char path[PATH_MAX], commit[64];
    as_material m = {.path = path, .a = p->a};
    as_pick_rules rules = {.only = SIZE_MAX, .top_wins = true};
    as_pick pick = {0};
    as_bytes revision;
    as_code rc;

    if (!find_cached(p, path, commit))
        return AS_OK;
    if (as_folder_list(&m, 3, NULL) || as_model_pick(m.items, m.n, &rules, p->a, &pick, NULL)) {
        as_material_done(&m);
        return AS_OK;
    }
    if (as_arena_copy(p->a, as_bytes_of(commit), &revision)) {
        as_material_done(&m);
        return as_fail_nomem(err, "a commit");
    }
    p->manifest = (as_manifest){.source = as_bytes_of(p->repo), .revision = revision};
    {
        as_model_job job = *p->job;
        char name[AS_MODEL_NAME_MAX + 1];

        (void)snprintf(name, sizeof(name), "%.*s", (int)p->name.n, (const char *)p->name.p);
        job.name = name;
        rc = as_model_take(&job, &m, &pick, false, as_path_base(as_bytes_of(p->repo)), &p->manifest,
                           err);
        if (!rc && as_arena_copy(p->a, p->name, &p->manifest.name))
            rc = as_fail_nomem(err, "a name");
    }
    if (!rc)
        as_model_note(
            p->job, "taken from the Hugging Face cache, commit %s; nothing was downloaded", commit);
    *ret_done = rc == AS_OK;
    as_material_done(&m);
    return rc;
}

/* --- the hub
 * --------------------------------------------------------------------------------------- */

/* The file that the hub's own client keeps its token in, if nobody else may read it. */
static as_code stored_token(const struct pull *p, as_buf *token, as_err *err)
{
    const char *hf = getenv("HF_HOME"), *user = getenv("HOME");
    char path[PATH_MAX];
    int n = hf && *hf
                ? snprintf(path, sizeof(path), "%s/token", hf)
                : snprintf(path, sizeof(path), "%s/.cache/huggingface/token", user ? user : "");
    struct stat st;

    if (n < 0 || n >= PATH_MAX || stat(path, &st))
        return AS_OK;
    if (st.st_mode & 077) {
        as_model_note(p->job, "the token in '%s' is not used: others may read it (chmod 600)",
                      path);
        return AS_OK;
    }
    return as_http_secret_file(path, token, err);
}

static as_code connect_hub(struct pull *p, as_err *err)
{
    as_http_options options = {0};
    as_buf token = {0};
    as_code rc = as_http_secret("HF_TOKEN", "HF_TOKEN_PATH", &token, err);

    if (!rc && token.n == 0)
        rc = stored_token(p, &token, err);
    options.bearer = token.n > 0 ? (const char *)token.p : NULL;
    if (!rc)
        rc = as_http_new(&options, &p->http, err);
    as_http_secret_done(&token);
    return rc;
}

static as_code fail_hub(const struct pull *p, as_code rc, as_err *err)
{
    unsigned status = p->reply.status;

    if (status == 401 || status == 403)
        return as_fail(
            err, AS_REFUSED, AS_NO_OFFSET,
            "the hub answers %u for '%s': there is no such model, or it asks for a token "
            "(HF_TOKEN) and for its terms to be accepted there",
            status, p->repo);
    if (status == 404)
        return as_fail(err, AS_NOT_FOUND, AS_NO_OFFSET, "the hub has no '%s' of revision '%s'",
                       p->repo, p->revision);
    return rc;
}

static as_code ask(struct pull *p, const char *url, uint64_t most, as_err *err)
{
    as_http_request r = {.url = url, .body_max = most};
    as_err why = {0};
    as_code rc = as_http_send(p->http, &r, &p->reply, &why);

    if (!rc)
        return AS_OK;
    rc = fail_hub(p, rc, &why);
    if (err)
        *err = why;
    return rc;
}

/* "ENDPOINT/api/models/OWNER/NAME/WHAT/REVISION" + tail */
static as_code api_url(const struct pull *p, const char *what, as_bytes revision, const char *tail,
                       as_buf *url, as_err *err)
{
    as_buf_printf(url, "%s/api/models/%s/%s/", p->endpoint, p->repo, what);
    as_http_escape(url, revision, false);
    as_buf_text(url, tail);
    as_buf_byte(url, '\0');
    return url->failed ? as_fail_nomem(err, "an address") : AS_OK;
}

static as_code find_commit(struct pull *p, as_err *err)
{
    as_buf url = {0};
    as_err why = {0};
    as_code rc = api_url(p, "revision", as_bytes_of(p->revision), "", &url, err);

    if (!rc)
        rc = ask(p, (const char *)url.p, INFO_MAX, err);
    if (!rc && as_hub_info_read(as_buf_bytes(&p->reply.body), p->a, &p->commit, &p->licence, &why))
        rc = as_fail(err, why.code, why.offset, "what the hub says of '%s': %s", p->repo, why.msg);
    if (!rc && p->commit.n == 0)
        rc = as_fail(err, AS_INVALID, AS_NO_OFFSET, "the hub names no commit of '%s'", p->repo);
    as_buf_done(&url);
    return rc;
}

/* The address of the next page: Link: <...>; rel="next". Only of the same hub. */
static bool next_page(const struct pull *p, as_buf *url)
{
    as_bytes link = as_http_header(&p->reply, "link");
    const uint8_t *open = link.n > 0 ? memchr(link.p, '<', link.n) : NULL;
    const uint8_t *close = open ? memchr(open, '>', link.n - (size_t)(open - link.p)) : NULL;
    size_t n = strlen(p->endpoint);

    if (!close || !as_bytes_has_nocase(link, "rel=\"next\""))
        return false;
    open++;
    if ((size_t)(close - open) <= n || memcmp(open, p->endpoint, n) != 0 || open[n] != '/')
        return false;
    as_buf_reset(url);
    as_buf_add(url, (as_bytes){open, (size_t)(close - open)});
    as_buf_byte(url, '\0');
    return !url->failed;
}

static as_code list_files(struct pull *p, as_err *err)
{
    as_buf url = {0};
    as_err why = {0};
    unsigned pages = 0;
    as_code rc = api_url(p, "tree", p->commit, "?recursive=1", &url, err);

    do {
        if (!rc)
            rc = ask(p, (const char *)url.p, AS_HUB_LISTING_MAX, err);
        if (!rc && as_hub_listing_read(as_buf_bytes(&p->reply.body), p->a, &p->listing, &why))
            rc = as_fail(err, why.code, why.offset, "the listing of '%s': %s", p->repo, why.msg);
        if (!rc && ++pages > AS_HUB_PAGES_MAX)
            rc = as_fail(err, AS_LIMIT, AS_NO_OFFSET, "a listing of more than %u pages",
                         AS_HUB_PAGES_MAX);
    } while (!rc && next_page(p, &url));
    as_buf_done(&url);
    return rc;
}

/* Items of the pick are those of `material`, which are the listing's whose paths are plain. */
static as_code choose(struct pull *p, as_err *err)
{
    as_pick_rules rules = {.only = SIZE_MAX, .top_wins = true};
    size_t kept = 0;
    as_err why = {0};
    as_code rc = AS_OK;

    for (size_t i = 0; !rc && i < p->listing.n; i++) {
        if (!as_path_plain(p->listing.p[i].path))
            continue;
        p->listing.p[kept] = p->listing.p[i];
        rc = as_material_add(&p->material, p->listing.p[kept].path, p->listing.p[kept].size, err);
        kept++;
    }
    if (!rc && as_model_pick(p->material.items, p->material.n, &rules, p->a, &p->pick, &why))
        rc = as_fail(err, why.code, AS_NO_OFFSET, "'%s': %s", p->repo, why.msg);
    if (!rc)
        rc = as_manifest_of(&p->material, &p->pick, &p->manifest, err);
    for (size_t i = 0; !rc && i < p->manifest.n_files; i++)
        p->total += p->manifest.files[i].size;
    return rc;
}

/* --- one file
 * ------------------------------------------------------------------------------------------ */

static void moved(void *ctx, uint64_t done)
{
    const struct pull *p = ctx;

    if (p->job->at)
        p->job->at(p->job->ctx, p->before + done, p->total);
}

static bool git_name(int fd, as_bytes path, as_arena *a, char text[41])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[AS_SHA1_SIZE];
    as_bytes body = {0};
    char head[40];
    int n;

    if (as_read_below(fd, path, (uint64_t)64 << 20, a, &body, NULL) || !body.p)
        return false;
    n = snprintf(head, sizeof(head), "blob %zu", body.n);
    if (!as_sha1((as_bytes){(const uint8_t *)head, (size_t)n + 1}, body, digest))
        return false;
    for (size_t i = 0; i < AS_SHA1_SIZE; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[40] = '\0';
    return true;
}

/* Is what lies at `path` below the folder the file of the listing? The manifest gets its hash. */
static as_code check_file(struct pull *p, as_bytes path, const as_hub_file *want, as_model_file *f,
                          as_err *err)
{
    char git[41] = "", shown[64];
    uint64_t size = 0;
    int fd = as_open_below(p->staging.fd, path);
    as_code rc;

    as_bytes_show(want->path, shown, sizeof(shown));
    if (fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot read '%s': %s", shown, strerror(errno));
    rc = as_file_digest(fd, shown, f->sha256, &size, err);
    (void)close(fd);
    if (rc)
        return rc;
    if (size != want->size)
        return as_fail(err, AS_INVALID, (size_t)size,
                       "'%s' has %llu bytes, and %llu were announced", shown,
                       (unsigned long long)size, (unsigned long long)want->size);
    if (want->sha256[0] && strcmp(want->sha256, f->sha256) != 0)
        return as_fail(err, AS_INVALID, AS_NO_OFFSET,
                       "'%s' has another SHA-256 (%.16s...) than was announced (%.16s...)", shown,
                       f->sha256, want->sha256);
    if (want->git_sha1[0] &&
        (!git_name(p->staging.fd, path, p->a, git) || strcmp(git, want->git_sha1) != 0))
        return as_fail(err, AS_INVALID, AS_NO_OFFSET, "'%s' is not the blob that was announced",
                       shown);
    return AS_OK;
}

static as_code fetch(struct pull *p, const char *path, as_bytes below, const as_hub_file *want,
                     as_model_file *f, as_err *err)
{
    as_buf url = {0};
    as_http_download d = {
        .path = path, .size = want->size, .size_max = AS_MODEL_WEIGHTS_MAX, .at = moved, .ctx = p};
    as_err why = {0};
    as_code rc;

    as_buf_printf(&url, "%s/%s/resolve/%.*s/", p->endpoint, p->repo, (int)p->commit.n,
                  (const char *)p->commit.p);
    as_http_escape(&url, want->path, true);
    as_buf_byte(&url, '\0');
    d.url = (const char *)url.p;
    rc = url.failed ? as_fail_nomem(&why, "an address")
                    : as_http_get_file(p->http, &d, &p->reply, &why);
    if (rc)
        rc = fail_hub(p, rc, &why);
    else
        rc = check_file(p, below, want, f, &why);
    as_buf_done(&url);
    if (rc && err)
        *err = why;
    return rc;
}

/* What is not as it was announced is of no use to a later try. */
static as_code get_file(struct pull *p, size_t i, as_err *err)
{
    as_model_file *f = &p->manifest.files[i];
    const as_hub_file *want = &p->listing.p[p->pick.files[i].item];
    char path[PATH_MAX], whole[PATH_MAX], part[1100];
    int n = snprintf(part, sizeof(part), "%.*s.part", (int)f->path.n, (const char *)f->path.p);
    int k = snprintf(path, sizeof(path), "%s/%s", (const char *)p->staging.path.p, part);
    as_bytes below = {(const uint8_t *)part, (size_t)n};
    as_err why = {0};
    as_code rc;

    if (k < 0 || k >= PATH_MAX)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "'%s' is too long a path", part);
    (void)snprintf(whole, sizeof(whole), "%.*s", k - 5, path);
    if (access(whole, F_OK) == 0 && !check_file(p, f->path, want, f, NULL)) {
        p->before += want->size;
        return AS_OK;
    }
    if (memchr(part, '/', below.n))
        (void)mkdirat(p->staging.fd, "1_Pooling", 0777);
    for (unsigned tries = 0; tries < 2; tries++) {
        rc = fetch(p, path, below, want, f, &why);
        if (rc != AS_INVALID)
            break;
        (void)unlink(path);
    }
    if (rc) {
        if (err)
            *err = why;
        return rc;
    }
    if (rename(path, whole))
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write '%s': %s", whole, strerror(errno));
    p->before += want->size;
    return AS_OK;
}

/* --- all of it
 * ------------------------------------------------------------------------------------------- */

/* What was begun of another commit is begun anew. */
static as_code resume(struct pull *p, as_err *err)
{
    as_bytes had = {0};
    char text[64] = "";
    int fd, n;

    fd = openat(p->staging.fd, COMMIT_OF, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    n = fd >= 0 ? (int)read(fd, text, sizeof(text) - 1) : 0;
    if (fd >= 0)
        (void)close(fd);
    had = (as_bytes){(const uint8_t *)text, n > 0 ? (size_t)n : 0};
    if (as_bytes_eq(had, p->commit)) {
        as_model_note(p->job, "going on with a pull of this commit that broke off");
        return AS_OK;
    }
    if (p->staging.resumes) {
        as_staging_close(&p->staging, false);
        p->staging = (as_staging){.fd = -1};
        if (as_staging_open(p->job->folder, p->name, false, &p->staging, err))
            return AS_IO;
    }
    fd = openat(p->staging.fd, COMMIT_OF, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                0666);
    if (fd < 0)
        return as_fail(err, AS_IO, AS_NO_OFFSET, "cannot write in '%s': %s",
                       (const char *)p->staging.path.p, strerror(errno));
    n = as_write_all(fd, p->commit, COMMIT_OF, err) ? 1 : 0;
    (void)close(fd);
    return n ? AS_IO : AS_OK;
}

static size_t config_index(const struct pull *p)
{
    for (size_t i = 0; i < p->manifest.n_files; i++)
        if (as_bytes_is(p->manifest.files[i].path, "config.json"))
            return i;
    return SIZE_MAX;
}

/* config.json comes first: gigabytes of a model that is not run here need not come at all. */
static as_code get_all(struct pull *p, as_err *err)
{
    size_t config = config_index(p);
    as_model_says says = {0};
    as_code rc = config != SIZE_MAX ? get_file(p, config, err) : AS_OK;

    if (!rc)
        rc = as_model_ask_files(p->staging.fd, p->a, &says, err);
    if (!rc)
        rc = as_model_type_check(says.type, err);
    if (!rc)
        rc = as_disk_check((const char *)p->staging.path.p, p->total - p->before, err);
    for (size_t i = 0; !rc && i < p->manifest.n_files; i++)
        if (i != config)
            rc = get_file(p, i, err);
    return rc;
}

/* *ret_known: there is nothing to do. */
static as_code look_at_installed(struct pull *p, bool *ret_known, as_err *err)
{
    as_manifest m = {0};
    char name[AS_MODEL_NAME_MAX + 1];

    (void)snprintf(name, sizeof(name), "%.*s", (int)p->name.n, (const char *)p->name.p);
    if (as_manifest_load(p->job->folder, name, p->a, &m, NULL) || !as_bytes_is(m.source, p->repo))
        return AS_OK; /* a name that is taken is told when the folder is made */
    if (p->commit.n > 0 && !as_bytes_eq(m.revision, p->commit))
        return as_fail(
            err, AS_USAGE, AS_NO_OFFSET,
            "'%s' is there already, of commit %.12s, and '%s' is now %.12s; 'assay model "
            "rm %s' comes first",
            name, (const char *)m.revision.p, p->revision, (const char *)p->commit.p, name);
    if (p->commit.n == 0 && !p->newest && !as_bytes_is(m.revision, p->revision))
        return AS_OK;
    *ret_known = true;
    p->manifest = m;
    return AS_OK;
}

static as_code from_hub(struct pull *p, bool *ret_known, as_err *err)
{
    as_code rc = connect_hub(p, err);

    if (!rc)
        rc = find_commit(p, err);
    if (!rc)
        rc = look_at_installed(p, ret_known, err);
    if (rc || *ret_known)
        return rc;
    if (p->licence.n > 0)
        as_model_note(p->job, "licence: %.*s", (int)p->licence.n, (const char *)p->licence.p);
    rc = list_files(p, err);
    if (!rc)
        rc = choose(p, err);
    if (!rc)
        rc = as_staging_open(p->job->folder, p->name, true, &p->staging, err);
    if (!rc)
        rc = resume(p, err);
    if (!rc)
        rc = get_all(p, err);
    if (rc)
        return rc;
    p->manifest.name = p->name;
    p->manifest.source = as_bytes_of(p->repo);
    p->manifest.revision = p->commit;
    p->manifest.licence = p->licence;
    (void)unlinkat(p->staging.fd, COMMIT_OF, 0);
    return as_model_finish(&p->staging, p->a, as_path_base(as_bytes_of(p->repo)), &p->manifest,
                           err);
}

/* The manifest's texts must outlive the pull. */
static as_code keep(struct pull *p, as_manifest *ret, as_err *err)
{
    if (as_arena_copy(p->a, p->manifest.name, &p->manifest.name) ||
        as_arena_copy(p->a, p->manifest.source, &p->manifest.source))
        return as_fail_nomem(err, "a manifest");
    *ret = p->manifest;
    return AS_OK;
}

as_code as_model_pull(const as_model_job *job, const char *spec, as_arena *a, as_manifest *ret,
                      bool *ret_known, as_err *err)
{
    struct pull *p = as_mem_zero(1, sizeof(*p));
    bool done = false, known = false;
    as_code rc;

    if (!p)
        return as_fail_nomem(err, "a pull");
    p->job = job;
    p->a = a;
    p->material = (as_material){.path = p->repo, .a = a};
    p->staging.fd = -1;
    rc = read_spec(p, spec, err);
    /* Without the network, or of a commit that cannot change, what is there will do. */
    if (!rc && (as_http_offline() || !p->newest))
        rc = look_at_installed(p, &known, err);
    if (!rc && !known)
        rc = from_cache(p, &done, err);
    if (!rc && !known && !done)
        rc = from_hub(p, &known, err);
    if (!rc)
        rc = keep(p, ret, err);
    if (!rc)
        *ret_known = known;
    as_staging_close(&p->staging, true);
    as_material_done(&p->material);
    as_hub_listing_done(&p->listing);
    as_http_reply_done(&p->reply);
    as_http_free(p->http);
    as_mem_free(p);
    return rc;
}
