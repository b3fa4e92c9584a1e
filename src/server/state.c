/* SPDX-License-Identifier: Apache-2.0 */
#include "server/state.h"

#include <stdlib.h>
#include <unistd.h>

bool state_put_default(struct builder *b, bool is_root)
{
    const char *home = getenv("HOME");
    const char *state = getenv("XDG_STATE_HOME");
    const char *service = getenv("STATE_DIRECTORY");
    if (service) {
        builder_put_string(b, service);
    } else if (is_root) {
        builder_put_string(b, "/var/lib/ferry");
    } else if (state && state[0] == '/') {
        builder_put_string(b, state);
        builder_put_string(b, "/ferry");
    } else if (home && home[0] == '/') {
        builder_put_string(b, home);
        builder_put_string(b, "/.local/state/ferry");
    } else {
        return false;
    }
    return !b->full;
}
