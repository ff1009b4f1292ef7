/*
 * CAPE reports: the input as it stands, and as the inside of a report that is
 * recognised, so that what is found below is not lost for a missing `info`.
 */
#include "report_checks.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > REPORT_MAX || (size >= 2 && data[0] == 0x1f && data[1] == 0x8b))
        return 0;
    if (size && data[0] == ',')
        check_data("cape", "{\"info\":{\"version\":\"2.4-CAPE\"},\"CAPE\":{}", data, size, "}");
    else
        check_data("cape", "", data, size, "");
    return 0;
}
