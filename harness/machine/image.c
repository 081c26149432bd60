/* SPDX-License-Identifier: MIT */
#include "machine/image.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "base/memory.h"

enum { ZERO_CHUNK = 0 };

static void *address_of(uint32_t chunk)
{
    return (void *)(AW_WINDOW + ((uint64_t)chunk << AW_CHUNK_BITS));
}

void aw_image_init(struct aw_image *image, uint64_t local_bytes, uint64_t heap_bytes,
                   uint64_t stack_bytes, uint8_t stack_fill)
{
    memset(image, 0, sizeof *image);
    uint8_t chunk[AW_CHUNK] = {0};
    aw_intern_init(&image->chunks);
    AW_CHECK(aw_intern_put(&image->chunks, chunk, sizeof chunk) == ZERO_CHUNK);
    memset(chunk, stack_fill, sizeof chunk);
    image->stack_fill = stack_fill;
    image->stack_baseline = aw_intern_put(&image->chunks, chunk, sizeof chunk);
    image->slots = aw_allocate(AW_SLOTS, sizeof *image->slots);
    AW_CHECK(local_bytes <= AW_LOCAL_STRIDE);
    AW_CHECK(heap_bytes <= AW_HEAP_STRIDE);
    AW_CHECK(stack_bytes + AW_PAGE <= AW_STACK_STRIDE);
    image->local_bytes = local_bytes;
    image->heap_bytes = heap_bytes;
    image->stack_bytes = stack_bytes;
}

void aw_image_deinit(struct aw_image *image)
{
    for (uint32_t slot = 0; slot < image->slot_end; slot++) {
        if (!image->slots[slot].mapped)
            continue;
        munmap((void *)aw_local_of(slot), image->local_bytes);
        munmap((void *)aw_heap_of(slot), image->heap_bytes);
        munmap((void *)(aw_stack_top(slot) - image->stack_bytes - AW_PAGE),
               image->stack_bytes + AW_PAGE);
    }
    for (unsigned i = 0; i < image->data_count; i++) {
        free(image->data[i].baseline);
        free(image->data[i].written);
    }
    free(image->slots);
    free(image->current);
    free(image->work);
    aw_intern_deinit(&image->chunks);
    memset(image, 0, sizeof *image);
}

void aw_image_add_data(struct aw_image *image, uint64_t start, uint64_t end)
{
    if (start == end)
        return;
    AW_CHECK(image->data_count < sizeof image->data / sizeof image->data[0]);
    AW_CHECK(start % AW_PAGE == 0);
    AW_CHECK(end % AW_PAGE == 0);
    struct aw_image_data *data = &image->data[image->data_count++];
    data->start = start;
    data->end = end;
    data->baseline = aw_allocate((end - start) / AW_CHUNK, sizeof *data->baseline);
    data->written = aw_allocate((end - start) / AW_PAGE, sizeof *data->written);
    data->written_count = 0;
    const void *zero = aw_intern_get(&image->chunks, ZERO_CHUNK);
    for (uint64_t a = start; a < end; a += AW_CHUNK) /* most of it is */
        data->baseline[(a - start) / AW_CHUNK] =
            memcmp((const void *)a, zero, AW_CHUNK) == 0
                ? ZERO_CHUNK
                : aw_intern_put(&image->chunks, (const void *)a, AW_CHUNK);
    AW_CHECK(mprotect((void *)start, end - start, PROT_READ) == 0);
}

static bool map(uint64_t address, uint64_t bytes, int protection)
{
    return mmap((void *)address, bytes, protection,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
                0) == (void *)address;
}

int aw_image_map_slot(struct aw_image *image, uint32_t slot, struct aw_error *error)
{
    AW_CHECK(slot < AW_SLOTS);
    struct aw_image_slot *s = &image->slots[slot];
    if (s->mapped)
        return 0;
    uint64_t top = aw_stack_top(slot);
    if (!map(aw_local_of(slot), image->local_bytes, PROT_READ | PROT_WRITE) ||
        !map(aw_heap_of(slot), image->heap_bytes, PROT_NONE) ||
        !map(top - image->stack_bytes - AW_PAGE, image->stack_bytes + AW_PAGE, PROT_NONE))
        return aw_fail(error, AW_E_SYSTEM, "no address space for the memory of thread %u", slot);
    s->mapped = true;
    s->local_end = aw_local_of(slot) + image->local_bytes;
    s->heap_high = aw_heap_of(slot);
    s->stack_low = top;
    if (slot >= image->slot_end)
        image->slot_end = slot + 1;
    return 0;
}

bool aw_image_fault(struct aw_image *image, uint64_t address)
{
    uint64_t page = address & ~(uint64_t)(AW_PAGE - 1);
    for (unsigned i = 0; i < image->data_count; i++) {
        struct aw_image_data *data = &image->data[i];
        if (address < data->start || address >= data->end)
            continue;
        uint32_t at = data->written_count;
        while (at > 0 && data->written[at - 1] > page)
            at--;
        if (at > 0 && data->written[at - 1] == page)
            return false;
        memmove(&data->written[at + 1], &data->written[at],
                (data->written_count - at) * sizeof *data->written);
        data->written[at] = page;
        data->written_count++;
        return mprotect((void *)page, AW_PAGE, PROT_READ | PROT_WRITE) == 0;
    }
    if (address >= AW_HEAP_BASE && address < AW_HEAP_BASE + AW_SLOTS * AW_HEAP_STRIDE) {
        uint32_t slot = (uint32_t)((address - AW_HEAP_BASE) / AW_HEAP_STRIDE);
        struct aw_image_slot *s = &image->slots[slot];
        if (!s->mapped || address >= aw_heap_of(slot) + image->heap_bytes || page < s->heap_high)
            return false;
        uint64_t from = s->heap_high;
        s->heap_high = page + AW_PAGE;
        return mprotect((void *)from, s->heap_high - from, PROT_READ | PROT_WRITE) == 0;
    }
    if (address >= AW_STACK_BASE && address < AW_STACK_BASE + AW_SLOTS * AW_STACK_STRIDE) {
        uint32_t slot = (uint32_t)((address - AW_STACK_BASE) / AW_STACK_STRIDE);
        struct aw_image_slot *s = &image->slots[slot];
        if (!s->mapped || address < aw_stack_top(slot) - image->stack_bytes || page >= s->stack_low)
            return false;
        uint64_t to = s->stack_low;
        s->stack_low = page;
        if (mprotect((void *)page, to - page, PROT_READ | PROT_WRITE) != 0)
            return false;
        if (image->stack_fill != 0) /* otherwise it is what the kernel gives */
            memset((void *)page, image->stack_fill, to - page);
        return true;
    }
    return false;
}

bool aw_image_contains(const struct aw_image *image, uint64_t address, uint64_t length)
{
    uint64_t end;
    if (__builtin_add_overflow(address, length, &end) || address < AW_WINDOW || end > AW_WINDOW_END)
        return false;
    for (unsigned i = 0; i < image->data_count; i++)
        if (address >= image->data[i].start && end <= image->data[i].end)
            return true;
    for (uint32_t slot = 0; slot < image->slot_end; slot++) {
        if (!image->slots[slot].mapped)
            continue;
        uint64_t top = aw_stack_top(slot);
        if ((address >= top - image->stack_bytes && end <= top) ||
            (address >= aw_heap_of(slot) && end <= aw_heap_of(slot) + image->heap_bytes) ||
            (address >= aw_local_of(slot) && end <= image->slots[slot].local_end))
            return true;
    }
    return false;
}

void aw_image_clear_below(struct aw_image *image, uint32_t slot, uint64_t sp)
{
    uint64_t low = image->slots[slot].stack_low;
    if (sp > low)
        memset((void *)low, image->stack_fill, sp - low);
}

void aw_image_clear_slot(struct aw_image *image, uint32_t slot)
{
    aw_image_clear_below(image, slot, aw_stack_top(slot));
    memset((void *)aw_local_of(slot), 0, image->local_bytes);
}

uint32_t aw_image_baseline(const struct aw_image *image, uint32_t chunk)
{
    uint64_t address = (uint64_t)address_of(chunk);
    for (unsigned i = 0; i < image->data_count; i++)
        if (address >= image->data[i].start && address < image->data[i].end)
            return image->data[i].baseline[(address - image->data[i].start) / AW_CHUNK];
    bool on_stack =
        address >= AW_STACK_BASE && address < AW_STACK_BASE + AW_SLOTS * AW_STACK_STRIDE;
    return on_stack ? image->stack_baseline : ZERO_CHUNK;
}

static void place(const struct aw_image *image, uint32_t chunk, uint32_t id)
{
    memcpy(address_of(chunk), aw_intern_get(&image->chunks, id), AW_CHUNK);
}

void aw_image_load(struct aw_image *image, const struct aw_image_chunk *list, uint32_t count)
{
    const struct aw_image_chunk *have = image->current, *have_end = have + image->current_count;
    const struct aw_image_chunk *want = list, *want_end = list + count;
    while (have < have_end || want < want_end) {
        if (want == want_end || (have < have_end && have->index < want->index)) {
            place(image, have->index, aw_image_baseline(image, have->index));
            have++;
        } else if (have == have_end || want->index < have->index) {
            place(image, want->index, want->id);
            want++;
        } else {
            if (have->id != want->id)
                place(image, want->index, want->id);
            have++;
            want++;
        }
    }
    if (count > image->current_capacity) {
        image->current_capacity = 2 * count;
        image->current =
            aw_reallocate(image->current, image->current_capacity, sizeof *image->current);
    }
    if (count > 0)
        memcpy(image->current, list, count * sizeof *list);
    image->current_count = count;
}

uint32_t aw_image_seek(const struct aw_image_chunk *list, uint32_t count, uint32_t index)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (list[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void aw_image_peek(const struct aw_image *image, const struct aw_image_chunk *list, uint32_t count,
                   uint64_t address, void *bytes, uint32_t size)
{
    uint8_t *place = bytes;
    while (size > 0) {
        uint32_t chunk = aw_image_chunk_of(address), offset = (uint32_t)(address % AW_CHUNK);
        uint32_t part = AW_CHUNK - offset < size ? AW_CHUNK - offset : size;
        uint32_t at = aw_image_seek(list, count, chunk);
        uint32_t id =
            at < count && list[at].index == chunk ? list[at].id : aw_image_baseline(image, chunk);
        memcpy(place, (const uint8_t *)aw_intern_get(&image->chunks, id) + offset, part);
        place += part;
        address += part;
        size -= part;
    }
}

bool aw_image_chunk_is_of(uint32_t index, uint32_t slot)
{
    uint64_t address = (uint64_t)address_of(index);
    return (address >= aw_local_of(slot) && address < aw_local_of(slot) + AW_LOCAL_STRIDE) ||
           (address >= aw_stack_top(slot) - AW_STACK_STRIDE && address < aw_stack_top(slot));
}

struct saver {
    struct aw_image *image;
    const struct aw_image_chunk *known, *known_end;
    uint32_t count;
};

/* `baselines`: of each chunk; NULL: all have the `common` one. */
static void save_range(struct saver *saver, uint64_t start, uint64_t end, const uint32_t *baselines,
                       uint32_t common)
{
    struct aw_image *image = saver->image;
    uint32_t first = aw_image_chunk_of(start), last = aw_image_chunk_of(end - 1);
    if (saver->count + (last - first + 1) > image->work_capacity) {
        image->work_capacity = 2 * (saver->count + (last - first + 1));
        image->work = aw_reallocate(image->work, image->work_capacity, sizeof *image->work);
    }
    for (uint32_t chunk = first; chunk <= last; chunk++) {
        while (saver->known < saver->known_end && saver->known->index < chunk)
            saver->known++;
        uint32_t baseline = baselines ? baselines[chunk - first] : common;
        uint32_t id = baseline;
        if (saver->known < saver->known_end && saver->known->index == chunk)
            id = saver->known->id;
        if (memcmp(address_of(chunk), aw_intern_get(&image->chunks, id), AW_CHUNK) != 0)
            id = aw_intern_put(&image->chunks, address_of(chunk), AW_CHUNK);
        if (id != baseline)
            image->work[saver->count++] = (struct aw_image_chunk){chunk, id};
    }
}

void aw_image_save(struct aw_image *image)
{
    struct saver saver = {image, image->current, image->current + image->current_count, 0};
    for (unsigned i = 0; i < image->data_count; i++) {
        const struct aw_image_data *data = &image->data[i];
        for (uint32_t w = 0; w < data->written_count; w++)
            save_range(&saver, data->written[w], data->written[w] + AW_PAGE,
                       &data->baseline[(data->written[w] - data->start) / AW_CHUNK], ZERO_CHUNK);
    }
    for (uint32_t slot = 0; slot < image->slot_end; slot++)
        if (image->slots[slot].mapped)
            save_range(&saver, aw_local_of(slot), image->slots[slot].local_end, NULL, ZERO_CHUNK);
    for (uint32_t slot = 0; slot < image->slot_end; slot++)
        if (image->slots[slot].mapped && image->slots[slot].heap_high > aw_heap_of(slot))
            save_range(&saver, aw_heap_of(slot), image->slots[slot].heap_high, NULL, ZERO_CHUNK);
    for (uint32_t slot = 0; slot < image->slot_end; slot++)
        if (image->slots[slot].mapped && image->slots[slot].stack_low < aw_stack_top(slot))
            save_range(&saver, image->slots[slot].stack_low, aw_stack_top(slot), NULL,
                       image->stack_baseline);

    struct aw_image_chunk *list = image->current;
    uint32_t capacity = image->current_capacity;
    image->current = image->work;
    image->current_count = saver.count;
    image->current_capacity = image->work_capacity;
    image->work = list;
    image->work_capacity = capacity;
}
