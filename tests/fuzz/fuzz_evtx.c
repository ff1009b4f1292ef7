/*
 * Event log files: the input as it stands, or, if it is no file, as the records of the
 * one chunk of a file, so that checksums do not hide what lies behind them.
 */
#include "event_checks.h"

#include "base/banned.h"

#define HEADERS (4096u + 512u)

static const uint8_t file_magic[8] = "ElfFile", chunk_magic[8] = "ElfChnk";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool file = size >= 8 && !memcmp(data, "ElfFile\0", 8);
    size_t before = file ? 0 : HEADERS;
    uint8_t *copy;

    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    copy = calloc(before + size ? before + size : 1, 1);
    MUST(copy);
    if (!file) {
        memcpy(copy, file_magic, sizeof(file_magic));
        copy[120] = 1; /* not closed well */
        memcpy(copy + 4096, chunk_magic, sizeof(chunk_magic));
    }
    if (size)
        memcpy(copy + before, data, size);
    check_log("evtx", (as_bytes){copy, before + size}, true);
    free(copy);
    return 0;
}
