#include "cli/cli_priv.h"

#include "base/banned.h"

int main(int argc, char **argv)
{
    return as_cli_run(argc, argv);
}
