#include "store/blob_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/banned.h"

/*
 * Any bytes as the file of a blob: it opens or is called damaged; what is read of it in
 * pieces is what is read of it whole. And any bytes as its content: they come back.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNPACKED_MAX ((size_t)4 << 20)

static void must(bool good)
{
    if (!good)
        abort();
}

static int file_of(const uint8_t *data, size_t size)
{
    int fd = memfd_create("blob", MFD_CLOEXEC);

    must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    return fd;
}

static bool good_code(as_code rc)
{
    return rc == AS_OK || rc == AS_INVALID;
}

static void check_pieces(as_frames *f, const uint8_t *whole, size_t n)
{
    uint8_t piece[100];
    size_t step = n / 50 + 1;

    /* Backwards, so that the held frame is seldom the right one. */
    for (size_t at = n; at > 0; at = at > step ? at - step : 0) {
        size_t from = at > sizeof(piece) ? at - sizeof(piece) : 0;

        must(!as_frames_read(f, from, piece, at - from, NULL));
        must(!memcmp(piece, whole + from, at - from));
    }
    must(as_frames_read(f, n, piece, 1, NULL) == AS_INVALID);
}

static void as_file(const uint8_t *data, size_t size)
{
    as_frames *f = NULL;
    as_err err = {0};
    int fd = file_of(data, size);
    as_code rc = as_frames_open(fd, "x", &f, &err);
    uint64_t n;

    must(good_code(rc) && (rc == AS_OK) == (f != NULL));
    if (rc) {
        must(err.code == rc && err.msg[0]);
        (void)close(fd);
        return;
    }
    n = as_frames_size(f);
    must(as_frames_stored(f) == size);
    if (n <= UNPACKED_MAX) {
        uint8_t *whole = malloc(n ? n : 1);

        must(whole);
        rc = as_frames_read(f, 0, whole, n, NULL);
        must(good_code(rc));
        if (!rc)
            check_pieces(f, whole, n);
        free(whole);
    } else {
        uint8_t byte;

        must(good_code(as_frames_read(f, n / 2, &byte, 1, NULL)));
    }
    as_frames_free(f);
}

static void as_content(const uint8_t *data, size_t size)
{
    static as_packer *p;
    as_source *s = NULL;
    as_frames *f = NULL;
    uint64_t unpacked, stored;
    uint8_t *whole = malloc(size ? size : 1);
    int fd = file_of(NULL, 0);

    if (!p)
        must(!as_packer_new(&p, NULL));
    must(whole && !as_source_open_bytes((as_bytes){data, size}, NULL, &s, NULL));
    must(!as_packer_run(p, fd, "x", s, &unpacked, &stored, NULL));
    must(unpacked == size && !as_frames_open(fd, "x", &f, NULL));
    must(as_frames_size(f) == size && as_frames_stored(f) == stored);
    must(!as_frames_read(f, 0, whole, size, NULL));
    must(!size || !memcmp(whole, data, size));
    as_frames_free(f);
    as_source_free(s);
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    as_file(data, size);
    if (size < 2 || data[0] != 0x1f)
        as_content(data, size);
    return 0;
}
