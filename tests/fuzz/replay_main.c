/*
 * replay_main - the main() of a fuzz target in a build without libFuzzer: runs the
 * target over the empty input and over every file of the files and folders named on
 * the command line, so that a crash once found is tested for in every build.
 *
 * A folder that does not exist is no failure (a target may have no crash to its
 * name yet); a file that cannot be read is.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path, size_t size)
{
    FILE *in = fopen(path, "rb");
    uint8_t *data = malloc(size ? size : 1);
    size_t got;
    int failed = 1;

    if (in && data) {
        got = fread(data, 1, size, in);
        failed = got != size;
        if (!failed) {
            printf("%s\n", path);
            fflush(stdout); /* the last line names the input that crashed */
            LLVMFuzzerTestOneInput(data, size);
        }
    }
    if (failed)
        fprintf(stderr, "cannot read '%s': %s\n", path, strerror(errno));
    if (in)
        fclose(in);
    free(data);
    return failed;
}

static int replay(const char *path);

static int replay_folder(const char *path)
{
    struct dirent **entries;
    int failed = 0;
    int n = scandir(path, &entries, NULL, alphasort);

    if (n < 0) {
        fprintf(stderr, "cannot list '%s': %s\n", path, strerror(errno));
        return 1;
    }
    for (int i = 0; i < n; i++) {
        char name[PATH_MAX];

        if (entries[i]->d_name[0] != '.') {
            snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
            failed |= replay(name);
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

static int replay(const char *path)
{
    struct stat st;

    if (stat(path, &st)) {
        if (errno == ENOENT)
            return 0;
        fprintf(stderr, "cannot open '%s': %s\n", path, strerror(errno));
        return 1;
    }
    return S_ISDIR(st.st_mode) ? replay_folder(path) : replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
    int failed = 0;

    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    return failed;
}
