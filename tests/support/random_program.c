/* SPDX-License-Identifier: MIT */
/*
 * Programs are texts throughout: generating is filling in a template, then inserting and erasing
 * statements. All that has to be known about the grammar is in random_text.c: the parameters of each
 * statement, and whether a block may follow.
 */
#define _GNU_SOURCE
#include "random_text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct aw_random_sizes aw_random_tiny = {.operations = 14, .processes = 3, .threads = 3};
const struct aw_random_sizes aw_random_small = {.operations = 25, .processes = 3, .threads = 3};
const struct aw_random_sizes aw_random_few_accesses = {
    .operations = 14, .processes = 2, .threads = 3};
const struct aw_random_sizes aw_random_accesses = {.operations = 22, .processes = 3, .threads = 3};

/*
 * Shapes. Two strings: the kinds of the mutexes, the semaphores, the number of pipes; then the
 * bodies. Drawn anew for each program:
 *
 *   $v   an initial value 0..2        $k   a length, mostly small
 *   $x   a kind of mutex              $d   a digit from 1 to 3
 *   $-   a value or no semaphore      #    up to two statements of any sort
 *   $o   a plain access, $t an atomic one, at $a a place, of $z bytes
 */
struct shape {
    const char *name, *head, *bodies;
};

static const struct shape shapes[] = {
    {"anything", "$x$x$x:$-$-$-$-$-:2", "F1#T2###a#J#/###T3##J/###/##"},
    {"anything, threads", "$x$x$x:---$-$-:0", "T1T2##JJ/##L0##U0/##L0##U0"},
    {"anything, processes", "nnn:$-$-$---:2", "F1##f2##aa/####/####"},

    {"a semaphore that is only posted", "nnn:0----:0", "*2(F1)#S0#S0#aa/#V0#"},
    {"posted, and tested late", "nnn:$v----:0", "F1F2#a#N0a/V0#V0/#Y0#"},
    {"posted, and tested by a twin", "nnn:0----:0", "*2(F1)aaN0/V0Y0#"},
    {"posted while zero matters", "nnn:00---:0", "F1F2V0#aa/S0#V1/Y1(V0)#S0"},
    {"a test that depends on a read", "nnn:0----:1", "F1w0$k#V0#a/r0$k?(Y0)#N0"},
    {"unnamed, posted and tested", "nnn:---0$v:0", "T1T2V3#JJ/S3#V4/#Y4(V3)#"},
    {"a semaphore that is never empty", "nnn:2----:0", "F1F1S0#V0aa/S0#V0"},
    {"a semaphore that is seldom empty", "nnn:2----:0", "F1F2S0#V0aa/S0#V0/S0S0#V0V0"},

    {"a pipe under a lock", "nnn:1----:1", "*2(F1)w0$kw0$k#aa/S0r0$k#V0"},
    {"a pipe under a lock, poll outside", "nnn:1----:1", "F1F2w0$k#w0$kaa/S0r0$kV0/o0r#S0r0$kV0"},
    {"a pipe under a lock, one without", "nnn:1----:1", "F1F2w0$kw0$k#aa/S0#r0$kV0/r0$k"},
    {"a pipe under a lock, too little", "nnn:1----:1", "*2(F1)w01#w03aa/S0R03V0"},
    {"a lock that others post", "nnn:1----:1", "F1F2w0$kw0$kaaV0/S0r0$k#V0/#V0S0r0$kV0"},

    {"one writer, reads across writes", "nnn:-----:1", "F1w02#w03#w01a/r0$kr04#r04"},
    {"one writer, two readers", "nnn:-----:1", "*2(F1)w0$kw0$k#aa/r0$k#"},
    {"one writer, a nonblocking reader", "nnn:-----:1", "F1w0$k#w0$ka/n0rr0$k#r0$k"},
    {"one writer, a poller", "nnn:-----:1", "F1#w0$kw0$ka/o0r(r01)#r0$k"},
    {"two writers", "nnn:-----:1", "*2(F1)r04#r0$kaa/w0$k#w0$k"},
    {"two writers, then one", "nnn:-----:1", "F1F2R04aa/w0$k/w0$k#w0$k"},
    {"to and fro", "nnn:-----:2", "F1w0$kr1$k#w0$kr1$ka/r0$kw1$k#r0$kw1$k"},

    {"an exit that ends a pipe", "nnn:-----:1", "F1F2c0wr0$kr0$kr0$kaa/w0$k#/#c0w#"},
    {"a close that ends a pipe", "nnn:-----:1", "F1c0rw0$k#c0w#a/c0wr0$kr0$k"},
    {"an exit that breaks a pipe", "nnn:-----:1", "$iF1c0rw0$k#w0$ka/c0wr0$k#"},
    {"twins that end a pipe", "nnn:-----:1", "*2(F1)c0w#r0$kr0$kaar01/#w0$k"},
    {"a poll that sees the end", "nnn:-----:1", "F1c0wo0r#o0r#a/#w0$k"},
    {"blocked until the end", "nnn:0----:1", "F1c0wO0rr0$kV0a/w0$k#S0"},

    {"a fork while a thread lives", "nnn:---0-:1", "T1#F2#Ja/#V3#/S3w0$k"},
    {"a fork with a mutex in use", "n$xn:-----:0", "T1#F2#Ja/L0#+0U0/L0=0U0#"},
    {"a thread that forks", "nnn:-----:0", "T1#L0+0U0#J/L0+0U0F2a/#L0=0U0"},
    {"an exit while a thread lives", "nnn:0----:1", "F1#S0r0$ka/T2#V0/#w0$k#"},
    {"a thread outlives what it needs", "nnn:-----:1", "F1c0wr0$kr0$ka/T2w0$k#x/#w0$k"},

    {"spinning on a mutex", "nnn:-----:0", "T1#l0#+0U0J/L0#+0U0"},
    {"spinning on a semaphore", "nnn:1----:0", "F1e0#V0a/e0#V0"},
    {"spinning on a pipe", "nnn:-----:1", "F1u0r0$k#a/#w0$k"},
    {"spinning both ways", "nnn:-----:2", "F1w01u1r11a/u0r01#w1$k"},
    {"polite threads", "nnn:-----:0", "T1L0K1(+0U1)U0J/L1K0(+1U0)U1"},

    {"twins", "nnn:1----:1", "*2(F1)#aa/#S0#V0"},
    {"twins that are told apart late", "nnn:1----:1", "f1f1#w0$kAA/Y0(r01)#"},
    {"twins and their elder sister", "nnn:0----:1", "F2*2(F1)#aaa/S0#/V0#V0"},
    {"twins with threads", "nnn:---0-:0", "*2(F1)aa/T2#S3J/#V3"},
    {"the order of waiting", "nnn:0----:0", "F1F2#h#aa/#S0/g#V0"},
    {"waiting by name", "nnn:$v----:0", "f1f2H#A#A/Y0#/#V0"},
    {"nobody left to wait for", "nnn:-----:0", "F1aa#h/#T2#J/#"},
    {"killed", "nnn:0---0:1", "f1#k#AN0/V0#w0$k#"},
    {"grandchildren", "nnn:0----:1", "F1S0r0$ka/F2#V0/#w0$k"},

    {"a condition", "nnn:-----:0", "T1L0P00#U0J/#L0+0G0U0"},
    {"a condition, nobody looks", "nnn:-----:0", "T1L0C00#U0J/#L0+0G0U0"},
    {"a condition, signal outside", "nnn:-----:0", "T1L0P00U0#J/L0+0U0#G0"},
    {"a condition with two sleepers", "nnn:-----:0", "T1T1L0+0$gU0#JJ/L0P00#U0"},
    {"two conditions", "nnn:-----:0", "T1L0P00+0G1U0J/L0+0G0C10#U0"},
    {"locks in two orders", "$xnn:-----:0", "T1L0#L1+1U1U0J/L1#L0+0U0U1"},
    {"kinds of mutexes", "$x$xn:-----:0", "T1L0L0#U0U0J/K0(+0U0)U1#L1"},
    {"guarded memory", "nnn:-----:0", "T1T2L0=0+0U0JJ/L0+0U0#/L0=0U0?(L0+0U0)"},
    {"a mutex and a semaphore", "nnn:---1-:0", "T1L0#S3+0V3U0J/S3#L0=0U0V3"},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

/* Came later: a sixth of the seeds has one of these; the others keep the program they had. */
static const struct shape later_shapes[] = {
    {"readers and a writer", "n$xn:-----:0", "T1T2I#ML0=0U0JJ/W#L0+0U0M/I#L0=0U0M#"},
    {"readers that try", "n$xn:-----:0", "T1T2D(L0+0U0M)#EMJJ/W#L0+0U0M/I#L0=0U0M"},
    {"read-write locks and a pipe", "nnn:-----:1", "T1F2I#w0$kMJa/W#r0$kM/w0$k#"},
    {"a barrier", "nnn:---0-:0", "T1#L0+0U0X#=0J/#L0=0U0X#V3"},
    {"a barrier, two rounds", "nnn:---0-:0", "T1X#X#J/X#V3#X#L0+0U0"},
    {"a robust mutex", "onn:-----:0", "T1T2L0+0Z0U0JJ/L0#+0/L0#=0Z0U0"},
    {"a robust mutex that is tried", "onn:-----:0", "T1T2K0(+0)Z0U0JJ/L0#/K0(=0U0)#"},
    {"a robust mutex and its thread", "onn:0----:0", "T1#JL0#Z0U0L0U0/L0#S0V0"},
    {"a robust mutex is lost", "onn:---1-:0", "T1T2L0U0#L0U0JJ/L0S3#V3/L0#=0U0"},
    {"a shared mutex", "pnn:-----:1", "F1F2L0#w0$kU0aa/L0#r0$kU0/L0#U0#"},
    {"shared mutexes in two orders", "ppn:-----:0", "F1L0#L1U1U0a/L1#L0U0U1"},
    {"a shared mutex that is tried", "pnn:0----:0", "F1F2K0(V0U0)#aa/L0#U0/K0(S0U0)#"},
    {"a robust shared mutex", "snn:-----:1", "F1F2L0#Z0U0aa/L0w0$k#/L0#Z0U0"},
    {"a robust shared mutex and its twins", "snn:-----:0", "*2(F1)#aa/L0#Z0"},
    {"a robust shared mutex that is lost", "snn:-----:0", "F1F2aaL0U0/L0#/L0U0#"},
    {"a robust shared mutex and a killer", "snn:0----:0", "f1S0k#L0Z0U0A/L0V0#U0"},
    {"a robust shared mutex and a thread", "snn:-----:0", "T1F2#L0#U0Ja/L0#/K0(Z0)#"},
    {"a robust mutex and a condition", "onn:-----:0", "T1L0P00Z0#U0J/L0#+0G0"},
};
enum { LATER_SHAPES = sizeof later_shapes / sizeof *later_shapes };

/* Later still: an eighth of the seeds. What lies in mappings that processes share. */
static const struct shape process_shapes[] = {
    {"a shared condition", "pnn:-----:0", "F1L0P00#U0a/#L0+0$gU0#"},
    {"a shared condition, nobody looks", "pnn:-----:0", "F1L0C00#U0a/#L0+0$gU0"},
    {"a shared condition, signal outside", "pnn:-----:0", "F1L0P00U0#a/L0+0U0#$g"},
    {"a shared condition with two sleepers", "pnn:-----:0", "*2(F1)L0+0$gU0#aa/L0P00U0"},
    {"a shared condition that is told twice", "pnn:-----:0", "F1F2L0P00#U0aa/L0+0$gU0/$g#"},
    {"two shared conditions", "pnn:-----:0", "F1L0P00+0G1U0a/L0+0G0C10#U0"},
    {"a shared condition of a robust mutex", "snn:-----:0", "F1L0P00Z0#U0a/L0#+0$g"},
    {"a shared condition and a killer", "snn:0----:0", "f1S0kL0+0$gU0#A/L0V0P00Z0#U0"},
    {"a shared condition and threads", "pnn:-----:0", "T1F1L0+0B0U0Ja/L0P00U0#"},
    {"shared readers and a writer", "pnn:-----:0", "F1F2W#M#aa/I#M/I#M#"},
    {"shared readers that try", "pnn:-----:0", "F1F2D(#M)#aa/W#M/I#EM"},
    {"a shared read-write lock and what it guards", "p$xn:-----:0", "F1I=0Ma/#WL0+0U0M#"},
    {"a shared read-write lock and a killer", "pnn:0----:0", "f1S0k#D(M)IMA/WV0#M"},
    {"a shared read-write lock that an exit keeps", "pnn:-----:0", "F1#D(#M)#a/W#"},
    {"a shared read-write lock and threads", "pnn:-----:0", "T1F1I#MJa/W#M"},
    {"a shared barrier", "pnn:-----:0", "F1#X#a/#X#"},
    {"a shared barrier, two rounds", "pnn:-----:0", "F1X#Xa/X#X"},
    {"a shared barrier and a killer", "pnn:0----:0", "f1S0k#XA/V0#X"},
    {"a shared barrier and threads", "pnn:-----:0", "T1F1#XJa/X#"},
    {"twins at a shared barrier", "pnn:-----:0", "*2(F1)#aa/#X#"},
};
enum { PROCESS_SHAPES = sizeof process_shapes / sizeof *process_shapes };

#include "random_shared_shapes.h"

/* ---- chance ---- */

/* splitmix64: small, seeded, the same everywhere. */
static uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int below(uint64_t *seed, int bound)
{
    return (int)(next_random(seed) % (unsigned)bound);
}

static char one_of(uint64_t *seed, const char *characters)
{
    return characters[below(seed, (int)strlen(characters))];
}

/* ---- measuring ---- */

struct measure {
    int operations, processes, threads; /* threads: of this process, beside the first */
    int most_threads;                   /* of any process started, its first included */
};

enum { ENOUGH = 100000 }; /* sums do not overflow: nobody asks beyond that */

static void add(struct measure *sum, const struct measure *more, int times)
{
    sum->operations += more->operations * times;
    sum->processes += more->processes * times;
    sum->threads += more->threads * times;
    if (more->most_threads > sum->most_threads)
        sum->most_threads = more->most_threads;
    if (sum->operations > ENOUGH)
        sum->operations = ENOUGH;
    if (sum->processes > ENOUGH)
        sum->processes = ENOUGH;
    if (sum->threads > ENOUGH)
        sum->threads = ENOUGH;
}

/* From `at` to the end of the block or body. */
static struct measure measure_list(const char *text, const char *at)
{
    struct measure sum = {0};
    while (*at != '\0' && *at != '/' && *at != ')') {
        const struct aw_statement *statement = aw_text_statement(*at);
        const char *after = at + 1 + strlen(statement->parameters);
        sum.operations += statement->cost;
        if (*statement->parameters == 'b') {
            struct measure body = measure_list(text, aw_text_body_text(text, at[1] - '0'));
            if (strchr("Tsm", *at) != NULL) {
                body.threads++;
            } else {
                body.processes++;
                if (body.threads + 1 > body.most_threads)
                    body.most_threads = body.threads + 1;
                body.threads = 0;
            }
            add(&sum, &body, 1);
        } else if (statement->block != BARE && *after == '(') {
            struct measure block = measure_list(text, after + 1);
            add(&sum, &block, *at == '*' ? at[1] - '0' : 1);
        }
        at = aw_text_end(at);
    }
    return sum;
}

void aw_random_measure(const char *text, struct aw_random_sizes *measured)
{
    struct measure root = measure_list(text, text + HEAD);
    measured->operations = root.operations + 1; /* exit */
    measured->processes = root.processes + 1;
    measured->threads = root.threads + 1 > root.most_threads ? root.threads + 1 : root.most_threads;
}

static bool fits(const char *text, const struct aw_random_sizes *sizes)
{
    struct aw_random_sizes measured;
    aw_random_measure(text, &measured);
    return measured.operations <= sizes->operations && measured.processes <= sizes->processes &&
           measured.threads <= sizes->threads;
}

/* ---- generating ---- */

/* A length: mostly small, so that writes and reads meet in all ways. */
static char draw_length(uint64_t *seed)
{
    return one_of(seed, "111222334568");
}

/* Mostly few places, so that accesses meet; in a mapping, where the program has one. */
static char draw_place_in_memory(uint64_t *seed, const char *text)
{
    return one_of(seed, strchr(text, '7') != NULL ? "77777756018" : "00000011224489");
}

static char draw_size(uint64_t *seed)
{
    return one_of(seed, "44444112288");
}

/* A parameter for a statement in body `body` of `text`; 0 when there is nothing to name. */
static char draw_parameter(uint64_t *seed, const char *text, int body, char letter, char kind)
{
    char declared[8];
    int count = 0;
    switch (kind) {
    case 'm':
        return one_of(seed, "00011");
    case 'c':
        return one_of(seed, "0001");
    case 's':
        for (int s = 0; s < 5; s++)
            if (text[4 + s] != '-')
                declared[count++] = (char)('0' + s);
        declared[count] = '\0';
        return count == 0 ? 0 : one_of(seed, declared);
    case 'p':
        return text[10] == '0' ? 0 : (char)('0' + below(seed, text[10] - '0'));
    case 'e':
        return letter == 'o' || letter == 'O' || letter == 'n' ? one_of(seed, "rrrw")
                                                               : one_of(seed, "rw");
    case 'k':
        return letter == '*'                     ? one_of(seed, "23")
               : strchr(",.\"'", letter) != NULL ? one_of(seed, "12348")
                                                 : draw_length(seed);
    case 'a':
        return draw_place_in_memory(seed, text);
    case 'z':
        return draw_size(seed);
    default: /* b */
        count = aw_text_body_count(text) - body - 1;
        return count <= 0 ? 0 : (char)('0' + body + 1 + below(seed, count));
    }
}

static int weight_of(const struct aw_statement *statement, bool shared)
{
    return shared ? statement->shared : statement->weight;
}

/* Writes a statement into `out`, of at most 64 characters; false when the one drawn has nothing to
 * act on in this program. */
static bool draw_statement(uint64_t *seed, const char *text, bool shared, int body, int depth,
                           char *out)
{
    const struct aw_statement *statement = aw_statements;
    int total = 0;
    for (int i = 0; i < aw_statement_count; i++)
        total += weight_of(&aw_statements[i], shared);
    for (int point = below(seed, total); point >= weight_of(statement, shared); statement++)
        point -= weight_of(statement, shared);
    *out++ = statement->letter;
    for (const char *kind = statement->parameters; *kind != '\0'; kind++)
        if ((*out++ = draw_parameter(seed, text, body, statement->letter, *kind)) == 0)
            return false;
    *out = '\0';
    if (statement->block == HAS_BLOCK ||
        (statement->block == MAY_BLOCK && depth < 2 && below(seed, 2) == 0)) {
        if (depth == 2)
            return false;
        *out++ = '(';
        for (int i = 1 + below(seed, 2); i > 0; i--)
            if (draw_statement(seed, text, shared, body, depth + 1, out))
                out += strlen(out);
        *out++ = ')';
        *out = '\0';
    }
    return true;
}

static void strew(uint64_t *seed, bool shared, char *text, char *at)
{
    char statement[256];
    if (draw_statement(seed, text, shared, aw_text_body_of(text, at), 0, statement))
        aw_text_insert(text, at, statement);
}

/* A place for a statement: before any statement, or at the end of a block or body. */
static char *draw_place(uint64_t *seed, char *text)
{
    char *place = NULL;
    int places = 0;
    for (char *at = text + HEAD;; at++) {
        if (*at == '\0' || *at == '/' || *at == ')') {
            if (below(seed, ++places) == 0)
                place = at;
            if (*at == '\0')
                return place;
        } else if (*at != '(') {
            if (below(seed, ++places) == 0)
                place = at;
            at += strlen(aw_text_statement(*at)->parameters);
        }
    }
}

static void drop_one(uint64_t *seed, char *text)
{
    const char *chosen = NULL;
    int count = 0;
    for (const char *at = aw_text_next(text + HEAD); at != NULL; at = aw_text_following(at))
        if (below(seed, ++count) == 0)
            chosen = at;
    if (chosen != NULL)
        aw_text_erase(text + (chosen - text), aw_text_end(chosen));
}

static char draw_dollar(uint64_t *seed, const char *template, char what)
{
    switch (what) {
    case 'v':
        return one_of(seed, "012");
    case '-':
        return one_of(seed, "--012");
    case 'x':
        return one_of(seed, "nnre");
    case 'k':
        return draw_length(seed);
    case 'd':
        return one_of(seed, "123");
    case 'g':
        return one_of(seed, "GB");
    case 'o':
        return one_of(seed, "<<<>>>%%[]");
    case 't':
        return one_of(seed, "&&^^~__{}");
    case 'a':
        return draw_place_in_memory(seed, template);
    case 'z':
        return draw_size(seed);
    default:
        assert(!"template");
        return 0;
    }
}

/* The template with everything drawn but the statements strewn in, which become '#' marks. */
static void fill_in(uint64_t *seed, const struct shape *shape, char *text)
{
    char template[AW_RANDOM_TEXT];
    char *out = text;
    snprintf(template, sizeof template, "%s/%s", shape->head, shape->bodies);
    for (const char *at = template; *at != '\0'; at++) {
        if (*at != '$') {
            *out++ = *at;
        } else if (*++at == 'i') { /* SIGPIPE is ignored, or not */
            if (below(seed, 2) == 0)
                *out++ = 'i';
        } else {
            char drawn = draw_dollar(seed, template, *at);
            *out++ = drawn;
            if (drawn == 'G' || drawn == 'B')
                *out++ = '0';
        }
    }
    *out = '\0';
}

static const struct shape *draw_shape(uint64_t *seed)
{
    uint64_t other = *seed ^ 0x6c61746572, third = *seed ^ 0x7374696c6c;
    const struct shape *shape = &shapes[below(seed, SHAPES)];
    if (below(&third, 8) == 0)
        return &process_shapes[below(&third, PROCESS_SHAPES)];
    return below(&other, 6) == 0 ? &later_shapes[below(&other, LATER_SHAPES)] : shape;
}

const char *aw_random_shape(uint64_t seed)
{
    return draw_shape(&seed)->name;
}

static void draw_program(uint64_t *seed, const struct shape *shape, bool shared,
                         const struct aw_random_sizes *sizes, char *text)
{
    char marks[AW_RANDOM_TEXT];
    int wanted[64], count = 0;

    /* Take the marks out, remember where they were, and fill them from the last to the first. */
    fill_in(seed, shape, marks);
    size_t length = 0;
    for (const char *at = marks; *at != '\0'; at++)
        if (*at == '#')
            wanted[count++] = (int)length;
        else
            text[length++] = *at;
    text[length] = '\0';
    while (count-- > 0)
        for (int i = below(seed, 3); i > 0; i--)
            strew(seed, shared, text, text + wanted[count]);

    for (int i = below(seed, 3); i > 0; i--)
        drop_one(seed, text);
    for (int i = below(seed, 3); i > 0; i--)
        strew(seed, shared, text, draw_place(seed, text));
    while (!fits(text, sizes))
        drop_one(seed, text);
}

static void generate(uint64_t seed, const struct shape *shape, bool shared,
                     const struct aw_random_sizes *sizes, char text[AW_RANDOM_TEXT])
{
    struct aw_random_sizes measured;
    int attempts = 20;
    do { /* a program with one thread only has nothing to tell */
        draw_program(&seed, shape, shared, sizes, text);
        aw_random_measure(text, &measured);
    } while ((shared ? measured.threads == 1 : measured.processes == 1 && measured.threads == 1) &&
             --attempts > 0);
}

void aw_random_program(uint64_t seed, const struct aw_random_sizes *sizes,
                       char text[AW_RANDOM_TEXT])
{
    const struct shape *shape = draw_shape(&seed);
    generate(seed, shape, false, sizes, text);
}

static const struct shape *draw_shared_shape(uint64_t *seed)
{
    uint64_t other = *seed ^ 0x6c61746572;
    const struct shape *shape = &shared_shapes[below(seed, SHARED_SHAPES)];
    return below(&other, 6) == 0 ? &later_shared_shapes[below(&other, LATER_SHARED_SHAPES)] : shape;
}

const char *aw_random_shared_shape(uint64_t seed)
{
    return draw_shared_shape(&seed)->name;
}

void aw_random_shared(uint64_t seed, const struct aw_random_sizes *sizes, char text[AW_RANDOM_TEXT])
{
    const struct shape *shape = draw_shared_shape(&seed);
    generate(seed, shape, true, sizes, text);
}
