#define ROWS_TABLE as_rows_avx512
#define ROWS_NAME  "avx512"
#include "nn/rows_body.h"

#include "base/banned.h"
