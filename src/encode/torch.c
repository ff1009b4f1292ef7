#include "encode/weights_priv.h"

#include "base/banned.h"

as_code as_torch_read(as_weights *w, as_bytes file, as_err *err)
{
    (void)w;
    (void)file;

    return as_fail(err, AS_UNKNOWN, 0, "torch files are not read yet");
}
