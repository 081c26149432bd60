/* SPDX-License-Identifier: MIT */
/*
 * sort.c - qsort, qsort_r, bsearch.
 *
 * glibc's qsort is a merge sort with a block from malloc, so in practice it is stable. This one is
 * stable too and takes no memory: short runs by insertion, then merging in place by rotation
 * (Kim and Kutzner, "Stable minimum storage merging by symmetric comparisons", 2004). It needs
 * O(n log n) comparisons for the runs and O(n log^2 n) moves; a checked program sorts little.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

enum { RUN = 8 };

struct array {
    char *items;
    size_t size; /* of one item, bytes */
    int (*compare)(const void *, const void *, void *);
    void *argument;
};

static int less(const struct array *array, size_t one, size_t other)
{
    return array->compare(array->items + one * array->size, array->items + other * array->size,
                          array->argument) < 0;
}

static void swap_bytes(char *one, char *other, size_t size)
{
    char piece[64];

    while (size > 0) {
        size_t some = size < sizeof piece ? size : sizeof piece;

        memcpy(piece, one, some);
        memcpy(one, other, some);
        memcpy(other, piece, some);
        one += some;
        other += some;
        size -= some;
    }
}

static void swap_ranges(const struct array *array, size_t one, size_t other, size_t count)
{
    swap_bytes(array->items + one * array->size, array->items + other * array->size,
               count * array->size);
}

/* Exchanges [first, middle) and [middle, last): swaps equal parts around the middle until none is
 * left over. */
static void rotate(const struct array *array, size_t first, size_t middle, size_t last)
{
    size_t left = middle - first, right = last - middle;

    while (left != right) {
        if (left > right) {
            swap_ranges(array, middle - left, middle, right);
            left -= right;
        } else {
            swap_ranges(array, middle - left, middle + right - left, left);
            right -= left;
        }
    }
    swap_ranges(array, middle - left, middle, left);
}

static void merge(const struct array *array, size_t first, size_t middle, size_t last)
{
    size_t half, low, high, sum, end;

    if (first == middle || middle == last || !less(array, middle, middle - 1))
        return;
    if (last - first == 2) {
        swap_ranges(array, first, middle, 1);
        return;
    }
    half = first + (last - first) / 2;
    sum = half + middle;
    if (middle > half) {
        low = sum - last;
        high = half;
    } else {
        low = first;
        high = middle;
    }
    while (low < high) {
        size_t probe = low + (high - low) / 2;

        if (!less(array, sum - 1 - probe, probe))
            low = probe + 1;
        else
            high = probe;
    }
    end = sum - low;
    if (low < middle && middle < end)
        rotate(array, low, middle, end);
    merge(array, first, low, half);
    merge(array, half, end, last);
}

static void insertion_sort(const struct array *array, size_t first, size_t last)
{
    for (size_t i = first + 1; i < last; i++)
        for (size_t j = i; j > first && less(array, j, j - 1); j--)
            swap_ranges(array, j, j - 1, 1);
}

void qsort_r(void *items, size_t count, size_t size,
             int (*compare)(const void *, const void *, void *), void *argument)
{
    struct array array = {items, size, compare, argument};

    if (size == 0)
        return;
    for (size_t first = 0; first < count; first += RUN)
        insertion_sort(&array, first, first + RUN < count ? first + RUN : count);
    for (size_t run = RUN; run < count; run *= 2)
        for (size_t first = 0; first + run < count; first += 2 * run)
            merge(&array, first, first + run, first + 2 * run < count ? first + 2 * run : count);
}

static int compare_plain(const void *one, const void *other, void *compare)
{
    return (*(int (**)(const void *, const void *))compare)(one, other);
}

void qsort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    qsort_r(items, count, size, compare_plain, &compare);
}

void *bsearch(const void *key, const void *items, size_t count, size_t size,
              int (*compare)(const void *, const void *))
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *item = (const char *)items + middle * size;
        int order = compare(key, item);

        if (order == 0)
            return (void *)item;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
