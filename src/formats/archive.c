#include "formats/inputs_priv.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

#define CHUNK       ((size_t)128 << 10)
#define TAR_BLOCK   512u
#define ZIP_END     22u /* bytes of the end of a zip, which is all that an empty one has */
#define TRIAL_BYTES ((uint64_t)64 << 20) /* of a member, to tell that a password is right */
#define TRIAL_LOOKS 100000u              /* members looked at for the smallest */

struct as_box {
    struct archive *a;
    as_packing packing;
    const char *name;
    int fd;
    as_source *stream;
    uint8_t *chunk;
    as_err fault; /* of the stream */
    bool over;    /* nothing more can be read of it */
    as_skip why;
    locale_t utf8;
    as_member about;
};

/* --- what it is ------------------------------------------------------------------ */

static bool begins(as_bytes head, const void *magic, size_t n)
{
    return head.n >= n && memcmp(head.p, magic, n) == 0;
}

/* Octal digits with blanks or NULs around; false if it is anything else. */
static bool tar_number(const uint8_t *p, size_t n, uint32_t *ret)
{
    uint32_t value = 0;
    size_t i = 0, digits = 0;

    while (i < n && p[i] == ' ')
        i++;
    for (; i < n && p[i] >= '0' && p[i] <= '7'; i++, digits++)
        value = value << 3 | (uint32_t)(p[i] - '0');
    while (i < n && (p[i] == ' ' || p[i] == '\0'))
        i++;
    *ret = value;
    return digits > 0 && i == n;
}

/* Old archives have no magic, but all have a sum over the header, its own field as blanks. */
static bool is_tar(as_bytes head)
{
    const size_t at = 148, width = 8;
    uint32_t told, sum = 0;

    if (head.n < TAR_BLOCK)
        return false;
    if (!tar_number(head.p + at, width, &told))
        return false;
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= at && i < at + width ? (uint32_t)' ' : head.p[i];
    return sum == told;
}

/*
 * The end of an archive, and nothing before it: libarchive does not take it for one. The
 * same of tar is zeros alone, and those may be anything.
 */
static bool is_void(as_bytes head)
{
    return begins(head, "PK\5\6", 4) && head.n >= ZIP_END;
}

as_packing as_packing_of(as_bytes head)
{
    static const struct {
        const char *magic;
        size_t n;
        as_packing packing;
    } known[] = {
        {"PK\3\4", 4, AS_PACKING_ZIP},
        {"PK\5\6", 4, AS_PACKING_ZIP},
        {"PK\7\10PK\3\4", 8, AS_PACKING_ZIP},
        {"7z\xbc\xaf\x27\x1c", 6, AS_PACKING_7Z},
        {"\x28\xb5\x2f\xfd", 4, AS_PACKING_ZSTD},
        {"\xfd"
         "7zXZ",
         6, AS_PACKING_XZ},
        {"BZh", 3, AS_PACKING_BZIP2},
    };

    if (is_void(head))
        return AS_PACKING_VOID;
    for (size_t i = 0; i < AS_COUNT(known); i++) {
        if (!begins(head, known[i].magic, known[i].n))
            continue;
        /* Three letters are too few: after the level comes pi (or, if empty, its root). */
        if (known[i].packing != AS_PACKING_BZIP2 ||
            (head.n >= 10 && (!memcmp(head.p + 4, "\x31\x41\x59\x26\x53\x59", 6) ||
                              !memcmp(head.p + 4, "\x17\x72\x45\x38\x50\x90", 6))))
            return known[i].packing;
    }
    return is_tar(head) ? AS_PACKING_TAR : AS_PACKING_NONE;
}

/* --- the list of a zip --------------------------------------------------------------- */

#define TAIL_MAX    ((size_t)16 << 10) /* where libarchive looks for the end of a zip */
#define ZIP64_POINT 20u                /* bytes before that end, which point at its larger form */
#define ZIP64_END   56u
#define UNTOLD      0xffffffffu /* the larger form has it */

static uint64_t le(const uint8_t *p, unsigned n)
{
    uint64_t value = 0;

    while (n-- > 0)
        value = value << 8 | p[n];
    return value;
}

/* Bytes [at, at + n) of a file or of memory. */
static bool bytes_at(int fd, as_bytes held, uint64_t at, uint8_t *dst, size_t n)
{
    if (fd >= 0)
        return at <= INT64_MAX && pread(fd, dst, n, (off_t)at) == (ssize_t)n;
    if (at > held.n || n > held.n - at)
        return false;
    memcpy(dst, held.p + at, n);
    return true;
}

/* Where the list begins, going by the end of the archive, which lies at `end`. */
static uint64_t list_begin(int fd, as_bytes held, const uint8_t *tail, uint64_t end)
{
    uint64_t size = le(tail + 12, 4), begin = le(tail + 16, 4);
    uint64_t by_size = size < end ? end - size : 0;
    uint8_t point[ZIP64_POINT], whole[ZIP64_END];

    begin = begin < by_size ? begin : by_size;
    if (le(tail + 16, 4) != UNTOLD && size != UNTOLD)
        return begin;
    if (end >= ZIP64_POINT && bytes_at(fd, held, end - ZIP64_POINT, point, sizeof(point)) &&
        bytes_at(fd, held, le(point + 8, 8), whole, sizeof(whole)))
        return le(whole + 48, 8);
    return begin;
}

/*
 * libarchive keeps the whole list in memory, several times its size, before it gives out
 * the first member, and trusts no count in it. So it is measured before libarchive sees it.
 */
static as_code check_list(const as_box *box, as_bytes held, uint64_t size, as_err *err)
{
    size_t n = size < TAIL_MAX ? (size_t)size : TAIL_MAX;
    uint8_t *tail = as_mem_get(TAIL_MAX);
    uint64_t least = UINT64_MAX;

    if (!tail)
        return as_fail_nomem(err, "an archive");
    if (!bytes_at(box->fd, held, size - n, tail, n))
        n = 0; /* it shrank: libarchive will say so */
    for (size_t i = 0; n >= ZIP_END && i <= n - ZIP_END; i++) {
        uint64_t end = size - n + i, begin;

        if (!begins((as_bytes){tail + i, n - i}, "PK\5\6", 4))
            continue;
        begin = list_begin(box->fd, held, tail + i, end);
        least = begin < least ? begin : least;
    }
    as_mem_free(tail);
    if (least >= size || size - least <= AS_INPUTS_LIST)
        return AS_OK;
    return as_fail(err, AS_LIMIT, AS_NO_OFFSET,
                   "'%s' has a list of members of more than %llu bytes", box->name,
                   (unsigned long long)AS_INPUTS_LIST);
}

/* --- opening ----------------------------------------------------------------------- */

/*
 * What libarchive says, as our error: after it an archive or member is given up. A fault
 * of the stream below is told instead of the damage that it looks like from here.
 */
static as_code fail_box(as_box *box, const char *what, as_err *err)
{
    const char *said = archive_error_string(box->a);

    box->why = AS_SKIP_FAILED;
    if (box->fault.code) {
        if (err)
            *err = box->fault;
        return box->fault.code;
    }
    if (archive_errno(box->a) == ENOMEM)
        return as_fail_nomem(err, "an archive");
    if (!said)
        said = "it breaks off";
    if (strstr(said, "assphrase")) {
        box->why = AS_SKIP_PASSWORD;
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                       "'%s' is encrypted and no known password opens it; "
                       "give it with --password",
                       what);
    }
    if (box->packing == AS_PACKING_7Z && strstr(said, "ncrypted")) {
        box->why = AS_SKIP_UNSUPPORTED;
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET,
                       "'%s' is encrypted, and assay cannot decrypt 7z; unpack it with 7z, or "
                       "pack it as an encrypted zip",
                       what);
    }
    if (strstr(said, "nsupported") || strstr(said, "not supported"))
        box->why = AS_SKIP_UNSUPPORTED;
    return as_fail(err, AS_INVALID, AS_NO_OFFSET, "'%s' is damaged or packed in an unknown way: %s",
                   what, said);
}

static la_ssize_t stream_read(struct archive *a, void *ctx, const void **ret)
{
    as_box *box = ctx;
    size_t n = 0;

    *ret = box->chunk;
    if (as_source_read(box->stream, box->chunk, CHUNK, &n, &box->fault)) {
        archive_set_error(a, EIO, "the input below failed");
        return -1;
    }
    return (la_ssize_t)n;
}

/* A filter or format that libarchive would leave to another program is none to us. */
static as_code choose_format(as_box *box, as_err *err)
{
    int rc;

    switch (box->packing) {
    case AS_PACKING_ZIP:
        rc = archive_read_support_format_zip_seekable(box->a);
        break;
    case AS_PACKING_7Z:
        rc = archive_read_support_format_7zip(box->a);
        break;
    case AS_PACKING_TAR:
        rc = archive_read_support_format_tar(box->a);
        break;
    default: {
        int filter = box->packing == AS_PACKING_ZSTD ? ARCHIVE_FILTER_ZSTD
                     : box->packing == AS_PACKING_XZ ? ARCHIVE_FILTER_XZ
                                                     : ARCHIVE_FILTER_BZIP2;

        rc = archive_read_append_filter(box->a, filter);
        if (rc == ARCHIVE_OK)
            rc = archive_read_support_format_raw(box->a);
        if (rc == ARCHIVE_OK)
            rc = archive_read_support_format_empty(box->a);
        break;
    }
    }
    if (rc == ARCHIVE_OK)
        return AS_OK;
    return as_fail(err, AS_UNAVAILABLE, AS_NO_OFFSET,
                   "'%s' cannot be unpacked: this libarchive is built without it", box->name);
}

static as_code open_file(as_box *box, const char *path, as_err *err)
{
    struct stat st;

    box->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (box->fd < 0)
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "cannot open '%s': %s", path,
                       strerror(errno));
    if (fstat(box->fd, &st) || !S_ISREG(st.st_mode))
        return as_fail(err, AS_REFUSED, AS_NO_OFFSET, "'%s' is not a regular file", path);
    if (box->packing == AS_PACKING_ZIP) {
        as_code rc = check_list(box, (as_bytes){0}, (uint64_t)st.st_size, err);

        if (rc)
            return rc;
    }
    if (archive_read_open_fd(box->a, box->fd, CHUNK) != ARCHIVE_OK)
        return fail_box(box, box->name, err);
    return AS_OK;
}

static as_code open_backing(as_box *box, const as_backing *backing, as_err *err)
{
    if (backing->path)
        return open_file(box, backing->path, err);
    if (!backing->stream) {
        as_code rc = AS_OK;

        if (box->packing == AS_PACKING_ZIP)
            rc = check_list(box, backing->held, backing->held.n, err);
        if (rc)
            return rc;
        if (archive_read_open_memory(box->a, backing->held.p, backing->held.n) != ARCHIVE_OK)
            return fail_box(box, box->name, err);
        return AS_OK;
    }
    box->stream = backing->stream;
    box->chunk = as_mem_get(CHUNK);
    if (!box->chunk)
        return as_fail_nomem(err, "an archive");
    if (archive_read_open(box->a, box, NULL, stream_read, NULL) != ARCHIVE_OK)
        return fail_box(box, box->name, err);
    return AS_OK;
}

as_code as_box_open(as_packing packing, const as_backing *backing, const char *name,
                    const char *const *passwords, size_t n_passwords, as_box **ret, as_err *err)
{
    as_box *box = as_mem_zero(1, sizeof(*box));
    locale_t before;
    as_code rc;

    if (!box)
        return as_fail_nomem(err, "an archive");
    box->packing = packing;
    box->name = name;
    box->fd = -1;
    box->why = AS_SKIP_FAILED;
    box->a = archive_read_new();
    /* Names in UTF-8 come out as they are only in such a locale. Without it they lose letters. */
    box->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!box->a) {
        as_box_free(box);
        return as_fail_nomem(err, "an archive");
    }
    before = box->utf8 ? uselocale(box->utf8) : (locale_t)0;
    rc = choose_format(box, err);
    for (size_t i = 0; !rc && i < n_passwords; i++)
        if (*passwords[i] && archive_read_add_passphrase(box->a, passwords[i]) != ARCHIVE_OK)
            rc = as_fail_nomem(err, "a password");
    if (!rc)
        rc = open_backing(box, backing, err);
    if (before)
        (void)uselocale(before);
    if (rc) {
        as_box_free(box);
        return rc;
    }
    *ret = box;
    return AS_OK;
}

void as_box_free(as_box *box)
{
    if (!box)
        return;
    if (box->a)
        (void)archive_read_free(box->a);
    if (box->fd >= 0)
        (void)close(box->fd);
    if (box->utf8)
        freelocale(box->utf8);
    as_mem_free(box->chunk);
    as_mem_free(box);
}

/* --- members ------------------------------------------------------------------------- */

static as_member_kind kind_of(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry))
        return AS_MEMBER_LINK;
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
    case 0: /* not told */
        return AS_MEMBER_FILE;
    case AE_IFDIR:
        return AS_MEMBER_FOLDER;
    case AE_IFLNK:
        return AS_MEMBER_LINK;
    default:
        return AS_MEMBER_SPECIAL;
    }
}

static void describe(as_box *box, struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);
    int64_t size = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;

    if (!name)
        name = archive_entry_pathname_utf8(entry);
    box->about = (as_member){
        .kind = kind_of(entry),
        .name = name ? name : "(no name)",
        .size = size > 0 ? (uint64_t)size : 0,
        .encrypted = archive_entry_is_encrypted(entry) != 0,
    };
}

as_code as_box_next(as_box *box, bool *ret_more, as_err *err)
{
    locale_t before = box->utf8 ? uselocale(box->utf8) : (locale_t)0;
    struct archive_entry *entry = NULL;
    int said = archive_read_next_header(box->a, &entry);
    as_code rc = AS_OK;

    *ret_more = said != ARCHIVE_EOF;
    if (said == ARCHIVE_OK || said == ARCHIVE_WARN) {
        describe(box, entry);
    } else if (said == ARCHIVE_FAILED || said == ARCHIVE_RETRY) {
        box->about = (as_member){.kind = AS_MEMBER_BROKEN, .name = "(unknown)"};
        box->why = AS_SKIP_FAILED;
    } else if (said != ARCHIVE_EOF) {
        rc = fail_box(box, box->name, err);
    }
    if (before)
        (void)uselocale(before);
    return rc;
}

const as_member *as_box_about(const as_box *box)
{
    return &box->about;
}

as_code as_box_read(as_box *box, const char *what, uint8_t *dst, size_t cap, size_t *ret_n,
                    as_err *err)
{
    la_ssize_t n = archive_read_data(box->a, dst, cap);

    if (n >= 0) {
        *ret_n = (size_t)n;
        return AS_OK;
    }
    box->over = n == ARCHIVE_FATAL || box->fault.code;
    return fail_box(box, what, err);
}

bool as_box_over(const as_box *box)
{
    return box->over;
}

as_skip as_box_fault(const as_box *box)
{
    return box->why;
}

/* --- passwords --------------------------------------------------------------------------- */

/* The number of the smallest encrypted member that is not empty; false: there is none. */
static bool smallest_encrypted(as_box *box, size_t *ret)
{
    uint64_t least = UINT64_MAX;
    bool more = true;

    for (size_t i = 0; i < TRIAL_LOOKS; i++) {
        if (as_box_next(box, &more, NULL) || !more)
            break;
        if (box->about.encrypted && box->about.size > 0 && box->about.size < least) {
            least = box->about.size;
            *ret = i;
        }
    }
    return least < UINT64_MAX;
}

static bool member_opens(as_box *box, size_t number, uint8_t *chunk)
{
    uint64_t left = TRIAL_BYTES;
    bool more = true;
    size_t n = 1;

    for (size_t i = 0; i <= number; i++)
        if (as_box_next(box, &more, NULL) || !more)
            return false;
    while (n > 0 && n <= left) {
        left -= n;
        if (as_box_read(box, "", chunk, CHUNK, &n, NULL))
            return false;
    }
    return true;
}

static bool password_opens(as_packing packing, const as_backing *backing,
                           const char *const *password, size_t number, uint8_t *chunk)
{
    as_box *box = NULL;
    bool opens;

    if (as_box_open(packing, backing, "", password, 1, &box, NULL))
        return false;
    opens = member_opens(box, number, chunk);
    as_box_free(box);
    return opens;
}

size_t as_box_password(as_packing packing, const as_backing *backing, const char *const *passwords,
                       size_t n)
{
    uint8_t *chunk = as_mem_get(CHUNK);
    as_box *box = NULL;
    size_t number = 0, found = n;

    if (chunk && !as_box_open(packing, backing, "", NULL, 0, &box, NULL) &&
        smallest_encrypted(box, &number))
        for (size_t i = 0; i < n && found == n; i++)
            if (password_opens(packing, backing, &passwords[i], number, chunk))
                found = i;
    as_box_free(box);
    as_mem_free(chunk);
    return found;
}
