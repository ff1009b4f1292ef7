#include "describe/describe_priv.h"

#include "base/banned.h"

/* The sample first; then what others call it, each in its own name. */
void as_say_identity(as_teller *t)
{
    as_say_kind(t, AS_KIND_SAMPLE);
    as_say_kind(t, AS_KIND_FAMILY);
    as_say_kind(t, AS_KIND_SCORE);
}
