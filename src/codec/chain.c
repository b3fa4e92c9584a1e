/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/chain.h"

#include "base/memory.h"
#include "codec/form_carriage.h"
#include "codec/mode_block.h"
#include "codec/mode_compressed.h"
#include "codec/mode_deflate.h"
#include "codec/mode_stream.h"
#include "codec/restart.h"
#include "codec/stru_record.h"
#include "codec/type_ascii.h"
#include "codec/type_ebcdic.h"

enum { BUFFER_BYTES = 64 * 1024, BUFFER_COUNT = 3 };

/* Right behind MODE, in the sender's own bytes: counts, and lets on only marks that matter. */
struct heeded {
    struct stage stage;
    unsigned marks; /* that go on: ends of records only where there are records */
    uint64_t suspect_bytes;
};

struct chain {
    struct parameters parameters;
    bool has_ascii;
    struct stage *first; /* borrowed: one of ours, or the last */
    struct mode_stream stream;
    struct mode_block block;
    struct mode_compressed compressed;
    struct mode_deflate deflate;
    struct heeded heeded;
    struct restart restart;
    struct type_ascii_stage ascii;
    struct type_ebcdic ebcdic;
    struct type_local local;
    struct stru_record_send record_send;
    struct stru_record_receive record;
    struct stru_page_receive page;
    struct form_carriage carriage;
    char *buffers[BUFFER_COUNT]; /* owned: of MODE, TYPE and format; NULL: not needed */
};

/* Which stages the parameters need. */

static bool needs_ascii(const struct chain_plan *plan)
{
    return plan->parameters.type == TYPE_ASCII && plan->parameters.structure == STRUCTURE_FILE &&
           !plan->keeps_line_ends;
}

static bool needs_ebcdic(const struct parameters *parameters)
{
    return parameters->type == TYPE_EBCDIC && parameters->structure != STRUCTURE_PAGE;
}

static bool needs_local(const struct parameters *parameters)
{
    return parameters->type == TYPE_LOCAL && !type_local_is_plain(parameters->byte_size);
}

bool chain_is_transparent(const struct chain_plan *plan)
{
    const struct parameters *parameters = &plan->parameters;
    return !needs_ascii(plan) && !needs_ebcdic(parameters) && !needs_local(parameters) &&
           parameters->structure == STRUCTURE_FILE && parameters->mode == MODE_STREAM &&
           !(parameters_are_text(parameters) && plan->is_carriage);
}

/* ---- Making -------------------------------------------------------------- */

/* Room for those stages that convert. */
static bool make_buffers(struct chain *chain, const struct chain_plan *plan)
{
    const struct parameters *p = &plan->parameters;
    const bool wanted[BUFFER_COUNT] = {
        p->mode == MODE_COMPRESSED || p->mode == MODE_DEFLATE,
        chain->has_ascii || needs_ebcdic(p) || needs_local(p),
        plan->is_carriage,
    };
    for (size_t i = 0; i < BUFFER_COUNT; i++)
        if (wanted[i] && !(chain->buffers[i] = memory_buffer(BUFFER_BYTES)))
            return false;
    return true;
}

static struct chain *chain_new(const struct chain_plan *plan)
{
    struct chain *chain = memory_new(sizeof(*chain));
    if (!chain)
        return NULL;
    chain->parameters = plan->parameters;
    chain->has_ascii = needs_ascii(plan);
    if (make_buffers(chain, plan))
        return chain;
    chain_free(chain);
    return NULL;
}

void chain_free(struct chain *chain)
{
    if (!chain)
        return;
    mode_deflate_done(&chain->deflate);
    for (size_t i = 0; i < BUFFER_COUNT; i++)
        memory_free(chain->buffers[i]);
    memory_free(chain);
}

static struct stage_buffer buffer_of(struct chain *chain, size_t i)
{
    return (struct stage_buffer){chain->buffers[i], BUFFER_BYTES};
}

static bool has_records(const struct chain *chain)
{
    return chain->parameters.structure == STRUCTURE_RECORD;
}

static bool has_fitting_pages(const struct parameters *parameters)
{
    return parameters->structure != STRUCTURE_PAGE || parameters_bits(parameters) >= PAGE_BITS_MIN;
}

/* Each puts a stage in front of `next` and returns what is first then. */

static enum fault put_mode_send(struct chain *chain, const struct chain_plan *plan,
                                struct stage *last, struct stage **ret_first)
{
    enum fault f = FAULT_NONE;
    if (plan->parameters.mode == MODE_BLOCK) {
        mode_block_send_init(&chain->block, last);
        *ret_first = &chain->block.stage;
        return FAULT_NONE;
    }
    if (plan->parameters.mode == MODE_COMPRESSED) {
        mode_compressed_send_init(&chain->compressed, last,
                                  mode_compressed_filler(plan->parameters.type),
                                  buffer_of(chain, 0));
        *ret_first = &chain->compressed.stage;
        return FAULT_NONE;
    }
    if (plan->parameters.mode == MODE_DEFLATE) { /* of what MODE S sends */
        f = mode_deflate_send_init(&chain->deflate, last, plan->deflate_level, buffer_of(chain, 0));
        last = &chain->deflate.stage;
    }
    mode_stream_send_init(&chain->stream, last, has_records(chain));
    *ret_first = &chain->stream.stage;
    return f;
}

static struct stage *put_type_send(struct chain *chain, const struct chain_plan *plan,
                                   struct stage *next)
{
    if (chain->has_ascii) {
        type_ascii_send_init(&chain->ascii, next, buffer_of(chain, 1));
        chain->ascii.state.after_cr = plan->after_cr;
        return &chain->ascii.stage;
    }
    if (needs_ebcdic(&plan->parameters)) {
        type_ebcdic_send_init(&chain->ebcdic, next, plan->code_page, buffer_of(chain, 1));
        return &chain->ebcdic.stage;
    }
    if (needs_local(&plan->parameters)) {
        type_local_send_init(&chain->local, next, plan->parameters.byte_size, buffer_of(chain, 1));
        return &chain->local.stage;
    }
    return next;
}

static struct stage *put_structure_send(struct chain *chain, const struct chain_plan *plan,
                                        struct stage *next)
{
    bool is_text = parameters_are_text(&plan->parameters);
    bool is_rendered = is_text && plan->is_carriage && plan->parameters.form != FORM_CARRIAGE &&
                       plan->parameters.structure != STRUCTURE_PAGE;
    if (has_records(chain)) {
        /* A rendered text has other records than those that its shape knows: lines. */
        stru_record_send_init(&chain->record_send, next, is_rendered ? NULL : plan->source,
                              is_text);
        next = &chain->record_send.stage;
    }
    if (is_rendered) {
        form_carriage_init(&chain->carriage, next, buffer_of(chain, 2));
        next = &chain->carriage.stage;
    }
    return next;
}

enum fault chain_new_send(const struct chain_plan *plan, struct stage *last, struct chain **ret)
{
    struct stage *first = NULL;
    bool marks = parameters_keep_connection(&plan->parameters); /* RFC 959 3.5: in B and C only */
    if (!has_fitting_pages(&plan->parameters))
        return FAULT_ARGUMENT;
    struct chain *chain = chain_new(plan);
    if (!chain)
        return FAULT_NO_MEMORY;
    enum fault f = put_mode_send(chain, plan, last, &first);
    if (f) {
        chain_free(chain);
        return f;
    }
    restart_init(&chain->restart, first, marks ? plan->marker_interval : 0, &plan->from,
                 &plan->first);
    first = put_type_send(chain, plan, &chain->restart.stage);
    chain->first = put_structure_send(chain, plan, first);
    *ret = chain;
    return FAULT_NONE;
}

static struct stage *put_structure_receive(struct chain *chain, const struct chain_plan *plan,
                                           struct stage *last)
{
    const struct parameters *parameters = &plan->parameters;
    if (parameters->structure == STRUCTURE_RECORD) {
        stru_record_receive_init(&chain->record, last, plan->shape,
                                 parameters_are_text(parameters));
        chain->record.shape.tells_last = plan->appends;
        return &chain->record.stage;
    }
    if (parameters->structure == STRUCTURE_PAGE) {
        stru_page_receive_init(&chain->page, last, plan->pages, plan->shape,
                               parameters_bits(parameters));
        return &chain->page.stage;
    }
    return last;
}

static struct stage *put_type_receive(struct chain *chain, const struct chain_plan *plan,
                                      struct stage *next)
{
    if (chain->has_ascii) {
        type_ascii_receive_init(&chain->ascii, next, buffer_of(chain, 1));
        return &chain->ascii.stage;
    }
    if (needs_ebcdic(&plan->parameters)) {
        type_ebcdic_receive_init(&chain->ebcdic, next, plan->code_page, buffer_of(chain, 1));
        return &chain->ebcdic.stage;
    }
    if (needs_local(&plan->parameters)) {
        type_local_receive_init(&chain->local, next, plan->parameters.byte_size,
                                buffer_of(chain, 1));
        return &chain->local.stage;
    }
    return next;
}

static enum fault put_mode_receive(struct chain *chain, const struct chain_plan *plan,
                                   struct stage *next, struct stage **ret_first)
{
    switch (plan->parameters.mode) {
    case MODE_BLOCK:
        mode_block_receive_init(&chain->block, next);
        *ret_first = &chain->block.stage;
        return FAULT_NONE;
    case MODE_COMPRESSED:
        mode_compressed_receive_init(&chain->compressed, next,
                                     mode_compressed_filler(plan->parameters.type),
                                     buffer_of(chain, 0));
        *ret_first = &chain->compressed.stage;
        return FAULT_NONE;
    default:
        mode_stream_receive_init(&chain->stream, next, has_records(chain));
        *ret_first = &chain->stream.stage;
    }
    if (plan->parameters.mode != MODE_DEFLATE)
        return FAULT_NONE;
    *ret_first = &chain->deflate.stage;
    return mode_deflate_receive_init(&chain->deflate, &chain->stream.stage, buffer_of(chain, 0));
}

static enum fault heed(struct stage *stage, struct text bytes, unsigned marks)
{
    struct heeded *heeded = (struct heeded *)stage;
    if (marks & MARK_SUSPECT)
        heeded->suspect_bytes += bytes.len;
    marks &= heeded->marks;
    return bytes.len || marks ? stage_put(stage, bytes, marks) : FAULT_NONE;
}

static struct stage *put_heeded(struct chain *chain, struct stage *next)
{
    unsigned records = has_records(chain) ? MARK_RECORD : 0;
    chain->heeded = (struct heeded){{heed, next}, MARK_FILE | MARK_RESTART | records, 0};
    return &chain->heeded.stage;
}

enum fault chain_new_receive(const struct chain_plan *plan, struct stage *last, struct chain **ret)
{
    if (!has_fitting_pages(&plan->parameters))
        return FAULT_ARGUMENT;
    struct chain *chain = chain_new(plan);
    if (!chain)
        return FAULT_NO_MEMORY;
    struct stage *first = put_structure_receive(chain, plan, last);
    first = put_heeded(chain, put_type_receive(chain, plan, first));
    enum fault f = put_mode_receive(chain, plan, first, &chain->first);
    if (f)
        chain_free(chain);
    else
        *ret = chain;
    return f;
}

/* ---- Using --------------------------------------------------------------- */

struct stage *chain_first(struct chain *chain)
{
    return chain->first;
}

bool chain_has_ended(const struct chain *chain)
{
    switch (chain->parameters.mode) {
    case MODE_BLOCK:
        return chain->block.ended;
    case MODE_COMPRESSED:
        return chain->compressed.ended;
    case MODE_DEFLATE:
        return chain->deflate.ended;
    default:
        return has_records(chain) ? chain->stream.ended : chain->page.ended;
    }
}

bool chain_awaits_last_string(const struct chain *chain)
{
    return chain->parameters.mode == MODE_COMPRESSED &&
           mode_compressed_awaits_last_string(&chain->compressed);
}

uint64_t chain_suspect_bytes(const struct chain *chain)
{
    return chain->heeded.suspect_bytes;
}

struct text chain_beyond(const struct chain *chain)
{
    switch (chain->parameters.mode) {
    case MODE_BLOCK:
        return chain->block.beyond;
    case MODE_COMPRESSED:
        return chain->compressed.beyond;
    default:
        return TEXT("");
    }
}

/* The state of TYPE, and behind a dash that of STRU if it has one. */
enum fault chain_put_state(struct chain *chain, struct builder *b)
{
    char bytes[MARKER_STATE_MAX];
    struct builder record = builder_on(bytes, sizeof(bytes));
    enum fault f = FAULT_NONE;
    if (chain->has_ascii)
        type_ascii_put_state(&chain->ascii, b);
    if (needs_local(&chain->parameters))
        type_local_put_state(&chain->local, b);
    bool has_pages = chain->parameters.structure == STRUCTURE_PAGE;
    if (has_pages && (b->len || !stru_page_is_between(&chain->page)))
        return FAULT_UNSUPPORTED;
    if (has_pages)
        f = stru_page_put_state(&chain->page, &record);
    if (has_records(chain))
        f = stru_record_put_state(&chain->record, &record);
    if (record.len) {
        builder_put_byte(b, '-');
        builder_put(b, builder_text(&record));
    }
    return !f && (b->full || record.full) ? FAULT_BUG : f;
}

bool chain_take_state(struct chain *chain, struct text state)
{
    struct text structure = state;
    struct text type = text_take_until(&structure, '-');
    bool fine = true;
    if (chain->has_ascii)
        fine = type_ascii_take_state(&chain->ascii, type);
    else if (needs_local(&chain->parameters))
        fine = type_local_take_state(&chain->local, type);
    else
        fine = !type.len;
    if (has_records(chain))
        return fine && stru_record_take_state(&chain->record, structure);
    if (chain->parameters.structure == STRUCTURE_PAGE)
        return fine && stru_page_take_state(&chain->page, structure);
    return fine && !structure.len;
}
