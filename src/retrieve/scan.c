#include "retrieve/scan.h"

#include <string.h>

#include "base/banned.h"

static int32_t dot(const int8_t *a, const int8_t *b, size_t stride)
{
    int32_t sum = 0;

    for (size_t i = 0; i < stride; i++)
        sum += a[i] * b[i];
    return sum;
}

static void dots(const int8_t *codes, size_t stride, size_t n, const int8_t *query, int32_t *ret)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = dot(codes + i * stride, query, stride);
}

const as_scan as_scan_plain = {"plain", dot, dots};

#if defined(__x86_64__)
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vnni");
}
#endif

const as_scan *as_scan_best(void)
{
#if defined(__x86_64__)
    if (has_avx512())
        return &as_scan_avx512;
    if (__builtin_cpu_supports("avx2"))
        return &as_scan_avx2;
#endif
    return &as_scan_plain;
}

const as_scan *as_scan_named(const char *name)
{
#if defined(__x86_64__)
    if (!strcmp(name, as_scan_avx512.name))
        return has_avx512() ? &as_scan_avx512 : NULL;
    if (!strcmp(name, as_scan_avx2.name))
        return __builtin_cpu_supports("avx2") ? &as_scan_avx2 : NULL;
#endif
    return !strcmp(name, as_scan_plain.name) ? &as_scan_plain : NULL;
}
