/* SPDX-License-Identifier: Apache-2.0 */
#include "server/directory_request.h"

#include "protocol/pathname.h"

void directory_take_options(struct directory_request *request)
{
    char bytes[PATHNAME_MAX + 2];
    struct builder path = builder_on(bytes, sizeof(bytes));
    struct store_info info;
    if (!request->name.len || request->name.at[0] != '-')
        return;
    bool is_name = pathname_resolve(request->directory, request->name, &path) &&
                   !gate_stat(request->caller, ACTION_LIST, builder_end(&path), false, &info);
    if (!is_name)
        request->name = listing_parse_options(request->name, &request->options);
}
