/* Any bytes as an ONNX file. */
#include "weights_checks.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_weights(data, size);
}
