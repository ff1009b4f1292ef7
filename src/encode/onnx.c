#include "encode/weights_priv.h"

#include "base/banned.h"

as_code as_onnx_read(as_weights *w, as_bytes file, int dir, as_err *err)
{
    (void)w;
    (void)file;
    (void)dir;
    return as_fail(err, AS_UNKNOWN, 0, "onnx files are not read yet");
}
