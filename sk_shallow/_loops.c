/* Loops of a neural network's rows, activations, losses and steps, for blocks of float32 and float64.
 *
 * Every function is a loop without a branch over contiguous numbers, which compilers turn into vectors: it is
 * compiled for the plain processor, and on x86 for AVX2 and AVX-512 too; the best that the processor has is taken
 * when the module is loaded. Contraction to fused multiply-adds is off (see pyproject.toml), and a number is
 * computed by the same operations wherever it stands: results do not depend on the processor, on alignment, on
 * length, or on how work is cut.
 *
 * The file includes itself once for each type: the part below #else is that of one type, REAL.
 *
 * exp(x) = 2^k (1 + p(r)),  k = round(x / ln 2),  r = x - k ln 2 in two pieces (Cody and Waite 1980), and
 * p(r) = r + r^2/2 + r^3 q(r) = expm1(r), |r| <= ln(2)/2. q interpolates at Chebyshev nodes: the relative error
 * of p is 1e-18 (float64, degree 9) and 1e-9 (float32, degree 4), before rounding.
 *
 * log1p(e) = 2 atanh(s),  s = e / (2 + e),  atanh(s) = s (1 + u P(u)),  u = s^2 <= 1/9 for 0 <= e <= 1; P as q,
 * of relative error 5e-18 and 4e-10.
 *
 * Errors against mpmath in tests/test_loops.py: at most 4 units in the last place, in both types.
 */
#ifndef REAL

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Where floats are computed with more digits than they have, adding ROUNDER would not round: NumPy's loops serve. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD != 0
#error "float and double are not computed in their own precision here"
#endif

#if defined(__GNUC__) || defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static __inline
#endif

/* What is read may be what is written, place by place: no iteration depends on another. */
#if defined(__clang__)
#define EACH_ALONE _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define EACH_ALONE _Pragma("GCC ivdep")
#else
#define EACH_ALONE
#endif

/* Ask for memory that will be read soon. */
#if defined(__GNUC__) || defined(__clang__)
#define PREFETCH(address) __builtin_prefetch(address)
#else
#define PREFETCH(address)
#endif
#define CACHE_LINE 64
/* Rows here and there are asked for so many rows ahead. */
#define ROWS_AHEAD 8

/* What a processor may have. Loops for x86 are compiled by GCC and Clang alone. */
#if (defined(__GNUC__) || defined(__clang__)) && (defined(__x86_64__) || defined(__i386__))
#define FOR_EACH_LEVEL(define) \
    define(plain, ) \
    define(avx2, __attribute__((target("avx2")))) \
    define(avx512, __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw" WIDE))))
#if defined(__clang__)
#define WIDE
#else
#define WIDE ",prefer-vector-width=512"
#endif
#define N_LEVELS 3
static int best_level(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return 2;
    return __builtin_cpu_supports("avx2") ? 1 : 0;
}
#else
#define FOR_EACH_LEVEL(define) define(plain, )
#define N_LEVELS 1
static int best_level(void) { return 0; }
#endif

static const char *const LEVELS[] = {"plain", "avx2", "avx512"};
static int level;

/* A, dA or Z of a block, in and out; n numbers. */
typedef void (*Loop)(const void *from, void *to, Py_ssize_t n);
/* Arrays of a loss on a block: Z2 (k, m) comes first. */
typedef void (*LossLoop)(void *const *arrays, Py_ssize_t k, Py_ssize_t m);
/* Vectors of one size, and numbers. */
typedef void (*VectorLoop)(void *const *arrays, const double *numbers, Py_ssize_t n);
/* X (n, d), center and factor (d,), and X-tilde (m, d + 1) of the m rows that places say, NULL for the first m. */
typedef void (*RowsLoop)(void *const *arrays, const int64_t *places, Py_ssize_t m, Py_ssize_t d);
/* So many examples are gone through at a time. */
#define TILE 128

/* ---------------------------------------------------------------- float64 */
#define REAL double
#define BITS int64_t
#define UBITS uint64_t
#define NAME(name) name##_f64
#define C(number) number
#define MANTISSA 52
#define BIAS 1023
#define ROUNDER 0x1.8p52            /* adding it rounds to a whole number, which its low bits hold */
#define LOG2E 0x1.71547652b82fep+0
#define LN2_HIGH 0x1.62e42fee00000p-1
#define LN2_LOW 0x1.a39ef35793c76p-33
#define LARGEST 746.0               /* exp(-746) is 0 */
#define SATURATED 22.0              /* tanh(22) is 1 */
/* By Estrin's scheme, in powers of r^2, which needs fewer steps one after another than Horner's. */
#define Q(r) NAME(estrin)(r, 0x1.5555555555556p-3, 0x1.5555555555555p-5, 0x1.11111111109a6p-7, 0x1.6c16c16c167dap-10, \
                          0x1.a01a01a7cebcdp-13, 0x1.a01a01a48116fp-16, 0x1.71de0d85293b8p-19, 0x1.27e4e1dcf773bp-22, \
                          0x1.af390ba7e6f47p-26, 0x1.1f6717774d5e0p-29)
#define P(u) NAME(estrin)(u, 0x1.5555555555555p-2, 0x1.999999999a3ddp-3, 0x1.24924923d44c6p-3, 0x1.c71c727143318p-4, \
                          0x1.745cf0b0e03bcp-4, 0x1.3b18b294bec15p-4, 0x1.10ac75dc6012dp-4, 0x1.eb905e857695fp-5, \
                          0x1.687a6e7c8e094p-5, 0x1.4b0a26c5f9607p-4)
INLINE double estrin_f64(double x, double c0, double c1, double c2, double c3, double c4, double c5, double c6,
                         double c7, double c8, double c9)
{
    double x2 = x * x, x4 = x2 * x2;
    double low = (c0 + c1 * x) + (c2 + c3 * x) * x2, middle = (c4 + c5 * x) + (c6 + c7 * x) * x2;
    return low + (middle + (c8 + c9 * x) * x4) * x4;
}
#include "_loops.c"
#undef REAL
#undef BITS
#undef UBITS
#undef NAME
#undef C
#undef MANTISSA
#undef BIAS
#undef ROUNDER
#undef LOG2E
#undef LN2_HIGH
#undef LN2_LOW
#undef LARGEST
#undef SATURATED
#undef Q
#undef P

/* ---------------------------------------------------------------- float32 */
#define REAL float
#define BITS int32_t
#define UBITS uint32_t
#define NAME(name) name##_f32
#define C(number) number##f
#define MANTISSA 23
#define BIAS 127
#define ROUNDER 0x1.8p23f
#define LOG2E 0x1.715476p+0f
#define LN2_HIGH 0x1.62e4p-1f
#define LN2_LOW 0x1.7f7d1cp-20f
#define LARGEST 104.0f
#define SATURATED 10.0f
#define Q(r) \
    ((((0x1.a0f8d4p-13f * (r) + 0x1.6d117cp-10f) * (r) + 0x1.1110f6p-7f) * (r) + 0x1.555518p-5f) * (r) + \
     0x1.555556p-3f)
#define P(u) \
    ((((0x1.dba260p-4f * (u) + 0x1.bc8cf8p-4f) * (u) + 0x1.24c926p-3f) * (u) + 0x1.9998d4p-3f) * (u) + \
     0x1.555556p-2f)
#include "_loops.c"

/* ---------------------------------------------------------------- the module */

enum { TANH, TANH_CHAIN, LOGISTIC, LOGISTIC_CHAIN, SOFTPLUS, SOFTPLUS_CHAIN, RELU_CHAIN, N_LOOPS };

#define TABLE(suffix, lvl) \
    {tanh_##lvl##_##suffix, tanh_chain_##lvl##_##suffix, logistic_##lvl##_##suffix, \
     logistic_chain_##lvl##_##suffix, softplus_##lvl##_##suffix, softplus_chain_##lvl##_##suffix, \
     relu_chain_##lvl##_##suffix},
#define TABLE_F64(lvl, attribute) TABLE(f64, lvl)
#define TABLE_F32(lvl, attribute) TABLE(f32, lvl)

static const Loop LOOPS_F64[N_LEVELS][N_LOOPS] = {FOR_EACH_LEVEL(TABLE_F64)};
static const Loop LOOPS_F32[N_LEVELS][N_LOOPS] = {FOR_EACH_LEVEL(TABLE_F32)};

enum { SIGMOID, SOFTMAX, SOFTMAX_CHAIN, N_LOSS_LOOPS };
#define LOSS_TABLE(suffix, lvl) {sigmoid_##lvl##_##suffix, softmax_##lvl##_##suffix, softmax_chain_##lvl##_##suffix},
#define LOSS_TABLE_F64(lvl, attribute) LOSS_TABLE(f64, lvl)
#define LOSS_TABLE_F32(lvl, attribute) LOSS_TABLE(f32, lvl)

static const LossLoop LOSSES_F64[N_LEVELS][N_LOSS_LOOPS] = {FOR_EACH_LEVEL(LOSS_TABLE_F64)};
static const LossLoop LOSSES_F32[N_LEVELS][N_LOSS_LOOPS] = {FOR_EACH_LEVEL(LOSS_TABLE_F32)};

/* So many numbers are worth letting other threads of Python run. */
#define WORTH_LETTING_GO 2048

/* Say that arrays are not what loops take, whatever was wrong with them. */
static PyObject *refused(void)
{
    PyErr_SetString(PyExc_BufferError, "contiguous arrays of float32 or float64, of sizes that fit, are expected");
    return NULL;
}

#define MOST_ARRAYS 6

/* The arrays of a call, taken for a while. */
typedef struct {
    Py_buffer views[MOST_ARRAYS];
    void *arrays[MOST_ARRAYS];
    Py_ssize_t n;
} Taken;

static void release(Taken *taken)
{
    for (Py_ssize_t i = 0; i < taken->n; i++)
        PyBuffer_Release(&taken->views[i]);
}

/* Tell whether an array is what a letter says; the first one, of float32 or float64, decides type and sizes of all:
 * of its size, to write (w) or to read (r); places, one for each of its columns (p) or any number (P); a value for
 * each of its columns, to write (v) or read (V); to write, with a column more than it has (o). */
static int suits(char kind, const Py_buffer *view, const Py_buffer *first)
{
    if (view->format == NULL)
        return 0;
    if (kind == 'p' || kind == 'P')
        return view->ndim == 1 && (kind == 'P' || view->shape[0] == first->shape[1]) && view->itemsize == 8 &&
               strchr("lq", view->format[0]) != NULL;
    if (strcmp(view->format, first->format) != 0)
        return 0;
    if (kind == 'v' || kind == 'V')
        return view->ndim == 1 && view->shape[0] == first->shape[1];
    if (kind == 'o')
        return view->ndim == 2 && view->shape[1] == first->shape[1] + 1;
    return view->len == first->len && strlen(view->format) == 1 && strchr("df", view->format[0]) != NULL;
}

/* Take contiguous arrays of these kinds and dimensions, 0 for any; return whether they suit. */
static int take(Taken *taken, const char *kinds, int ndim, PyObject *const *arguments)
{
    int fits = 1;
    for (taken->n = 0; fits && kinds[taken->n] != '\0';) {
        Py_buffer *view = &taken->views[taken->n];
        char kind = kinds[taken->n];
        int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (strchr("wvo", kind) ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(arguments[taken->n], view, flags) < 0)
            return 0;
        taken->arrays[taken->n++] = view->buf;
        fits = (ndim == 0 || strchr("wr", kind) == NULL || view->ndim == ndim) && suits(kind, view, &taken->views[0]);
        if (fits && ndim == 2 && strchr("wr", kind) != NULL)
            fits = view->shape[1] == taken->views[0].shape[1];
    }
    return fits;
}

static int is_float64(const Taken *taken) { return taken->views[0].format[0] == 'd'; }

/* Apply a loop to two arrays of one size and type; BufferError for any others. */
static PyObject *apply(int loop, PyObject *const *arguments, Py_ssize_t n_arguments)
{
    Taken taken;
    if (n_arguments != 2) {
        PyErr_SetString(PyExc_TypeError, "two arrays are expected: to read from, and to write to");
        return NULL;
    }
    int fits = take(&taken, "rw", 0, arguments);
    if (fits) {
        Loop run = (is_float64(&taken) ? LOOPS_F64 : LOOPS_F32)[level][loop];
        Py_ssize_t n = taken.views[0].len / taken.views[0].itemsize;
        if (n >= WORTH_LETTING_GO) {
            Py_BEGIN_ALLOW_THREADS
            run(taken.arrays[0], taken.arrays[1], n);
            Py_END_ALLOW_THREADS
        }
        else
            run(taken.arrays[0], taken.arrays[1], n);
    }
    release(&taken);
    if (!fits)
        return refused();
    Py_RETURN_NONE;
}

#define DEFINE_CALL(name, loop) \
    static PyObject *call_##name(PyObject *self, PyObject *const *arguments, Py_ssize_t n) \
    { \
        return apply(loop, arguments, n); \
    }
DEFINE_CALL(tanh, TANH)
DEFINE_CALL(tanh_chain, TANH_CHAIN)
DEFINE_CALL(logistic, LOGISTIC)
DEFINE_CALL(logistic_chain, LOGISTIC_CHAIN)
DEFINE_CALL(softplus, SOFTPLUS)
DEFINE_CALL(softplus_chain, SOFTPLUS_CHAIN)
DEFINE_CALL(relu_chain, RELU_CHAIN)

/* Apply a loop of a loss to arrays of these kinds, of which Z2 (k, m) comes first; BufferError for any others. */
static PyObject *apply_loss(int loop, const char *kinds, PyObject *const *arguments, Py_ssize_t n_arguments)
{
    Taken taken = {.n = 0};
    int fits = n_arguments == (Py_ssize_t)strlen(kinds) && take(&taken, kinds, 2, arguments);
    if (fits) {
        LossLoop run = (is_float64(&taken) ? LOSSES_F64 : LOSSES_F32)[level][loop];
        Py_ssize_t k = taken.views[0].shape[0], m = taken.views[0].shape[1];
        if (k * m >= WORTH_LETTING_GO) {
            Py_BEGIN_ALLOW_THREADS
            run(taken.arrays, k, m);
            Py_END_ALLOW_THREADS
        }
        else
            run(taken.arrays, k, m);
    }
    release(&taken);
    if (!fits)
        return refused();
    Py_RETURN_NONE;
}

#define ADAM_TABLE_F64(lvl, attribute) adam_##lvl##_f64,
#define ADAM_TABLE_F32(lvl, attribute) adam_##lvl##_f32,
static const VectorLoop ADAM_F64[N_LEVELS] = {FOR_EACH_LEVEL(ADAM_TABLE_F64)};
static const VectorLoop ADAM_F32[N_LEVELS] = {FOR_EACH_LEVEL(ADAM_TABLE_F32)};
#define N_VECTORS 6
#define N_NUMBERS 6

/* g, m, v to read, m, v and the step to write: vectors of one type and size; then beta_1, 1 - beta_1, beta_2,
 * 1 - beta_2, epsilon, and -alpha with the corrections. */
static PyObject *call_adam(PyObject *self, PyObject *const *arguments, Py_ssize_t n_arguments)
{
    Taken taken = {.n = 0};
    double numbers[N_NUMBERS];
    int fits = n_arguments == N_VECTORS + N_NUMBERS;
    for (int i = 0; fits && i < N_NUMBERS; i++) {
        numbers[i] = PyFloat_AsDouble(arguments[N_VECTORS + i]);
        fits = !PyErr_Occurred();
    }
    fits = fits && take(&taken, "rrrwww", 0, arguments);
    if (fits) {
        VectorLoop run = (is_float64(&taken) ? ADAM_F64 : ADAM_F32)[level];
        run(taken.arrays, numbers, taken.views[0].len / taken.views[0].itemsize);
    }
    release(&taken);
    if (!fits)
        return refused();
    Py_RETURN_NONE;
}

#define SCALED_TABLE_F64(lvl, attribute) scaled_##lvl##_f64,
#define SCALED_TABLE_F32(lvl, attribute) scaled_##lvl##_f32,
static const RowsLoop SCALED_F64[N_LEVELS] = {FOR_EACH_LEVEL(SCALED_TABLE_F64)};
static const RowsLoop SCALED_F32[N_LEVELS] = {FOR_EACH_LEVEL(SCALED_TABLE_F32)};

/* Tell whether places are all among n rows. */
static int all_below(const int64_t *places, Py_ssize_t m, Py_ssize_t n)
{
    int64_t bad = 0;
    for (Py_ssize_t i = 0; i < m; i++)
        bad |= (uint64_t)places[i] >= (uint64_t)n;
    return !bad;
}

/* X, center, factor and X-tilde; then the places of rows in X, if not all rows are meant. */
static PyObject *call_scaled(PyObject *self, PyObject *const *arguments, Py_ssize_t n_arguments)
{
    Taken taken = {.n = 0};
    int named = n_arguments == 5;
    int fits = (named || n_arguments == 4) && take(&taken, named ? "rVVoP" : "rVVo", 2, arguments);
    if (fits) {
        Py_ssize_t n = taken.views[0].shape[0], d = taken.views[0].shape[1], m = taken.views[3].shape[0];
        const int64_t *places = named ? taken.arrays[4] : NULL;
        fits = named ? taken.views[4].shape[0] == m && all_below(places, m, n) : m == n;
        if (fits) {
            RowsLoop run = (is_float64(&taken) ? SCALED_F64 : SCALED_F32)[level];
            Py_BEGIN_ALLOW_THREADS
            run(taken.arrays, places, m, d);
            Py_END_ALLOW_THREADS
        }
    }
    release(&taken);
    if (!fits)
        return refused();
    Py_RETURN_NONE;
}

#define DEFINE_LOSS_CALL(name, loop, kinds) \
    static PyObject *call_##name(PyObject *self, PyObject *const *arguments, Py_ssize_t n) \
    { \
        return apply_loss(loop, kinds, arguments, n); \
    }
DEFINE_LOSS_CALL(sigmoid, SIGMOID, "wrrw")
DEFINE_LOSS_CALL(softmax, SOFTMAX, "rpwv")
DEFINE_LOSS_CALL(softmax_chain, SOFTMAX_CHAIN, "wpwVV")

static PyObject *levels(PyObject *self, PyObject *nothing)
{
    int best = best_level();
    PyObject *names = PyTuple_New(best + 1);
    for (int i = 0; names != NULL && i <= best; i++)
        PyTuple_SetItem(names, i, PyUnicode_FromString(LEVELS[i]));
    return names;
}

static PyObject *set_level(PyObject *self, PyObject *number)
{
    long wanted = PyLong_AsLong(number);
    if (PyErr_Occurred())
        return NULL;
    if (wanted < 0 || wanted > best_level()) {
        PyErr_SetString(PyExc_ValueError, "the processor has no such level");
        return NULL;
    }
    level = (int)wanted;
    Py_RETURN_NONE;
}

static PyObject *get_level(PyObject *self, PyObject *nothing) { return PyUnicode_FromString(LEVELS[level]); }

#define METHOD(name, text) {#name, (PyCFunction)(void (*)(void))call_##name, METH_FASTCALL, text}
static PyMethodDef METHODS[] = {
    METHOD(tanh, "tanh(Z, A): write A = tanh(Z); A may be Z."),
    METHOD(tanh_chain, "tanh_chain(A, dA): multiply dA by 1 - A^2."),
    METHOD(logistic, "logistic(Z, A): write A = 1 / (1 + exp(-Z)); A may be Z."),
    METHOD(logistic_chain, "logistic_chain(A, dA): multiply dA by A - A^2."),
    METHOD(softplus, "softplus(Z, A): write A = log(1 + exp(Z)); A may be Z."),
    METHOD(softplus_chain, "softplus_chain(A, dA): multiply dA by 1 - exp(-A)."),
    METHOD(relu_chain, "relu_chain(A, dA): multiply dA by A > 0."),
    METHOD(sigmoid, "sigmoid(Z2, sign, weighted, L): write L = softplus(sign Z2), and weighted logistic(sign Z2) to Z2."),
    METHOD(softmax, "softmax(Z2, place, E, r): write E = exp(Z2 - z_y), 0 in the place of y, and its sums r."),
    METHOD(softmax_chain, "softmax_chain(dZ2, place, E, r, s): write dZ2 = s (A2 - Y) from what softmax wrote."),
    METHOD(scaled, "scaled(X, center, factor, out[, places]): write (X - center) * factor beside out's last column."),
    METHOD(adam, "adam(g, m, v, new_m, new_v, step, beta_1, 1 - beta_1, beta_2, 1 - beta_2, epsilon, rate)."),
    {"levels", levels, METH_NOARGS, "levels(): return what this processor has, the best last."},
    {"set_level", set_level, METH_O, "set_level(number): use the loops of a level, by its place in levels()."},
    {"get_level", get_level, METH_NOARGS, "get_level(): return the level in use."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "_loops", "Compiled loops over contiguous arrays.", -1, METHODS, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__loops(void)
{
    level = best_level();
    return PyModule_Create(&MODULE);
}

#else /* ------------------------------------------------------- one type, REAL */

/* 2^k for k in the range of normal exponents. */
INLINE REAL NAME(power_of_two)(BITS k)
{
    UBITS bits = ((UBITS)k + BIAS) << MANTISSA; /* of a NaN, k is anything */
    REAL power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* Split x into k ln 2 + r, and return k. */
INLINE BITS NAME(reduced)(REAL x, REAL *r)
{
    REAL shifted = x * LOG2E + ROUNDER, rounder = ROUNDER, k = shifted - rounder;
    UBITS bits, base;
    memcpy(&bits, &shifted, sizeof bits);
    memcpy(&base, &rounder, sizeof base);
    *r = (x - k * LN2_HIGH) - k * LN2_LOW;
    return (BITS)(bits - base);
}

/* expm1(r) for |r| <= ln(2)/2. */
INLINE REAL NAME(small_expm1)(REAL r) { return r + r * r * (C(0.5) + r * Q(r)); }

/* exp(x), 0 below -LARGEST and infinite above LARGEST; a NaN stays one. */
INLINE REAL NAME(exp_of)(REAL x)
{
    REAL r;
    x = x > LARGEST ? LARGEST : x;
    x = x < -LARGEST ? -LARGEST : x;
    BITS k = NAME(reduced)(x, &r), half = k >> 1;
    REAL p = NAME(small_expm1)(r);
    /* In two steps, so that results below the normal range are right, and those above it infinite. */
    return (C(1.0) + p) * NAME(power_of_two)(half) * NAME(power_of_two)(k - half);
}

/* expm1(-a) for a >= 0, of full relative accuracy; a NaN stays one. */
INLINE REAL NAME(expm1_of_minus)(REAL a)
{
    REAL r;
    a = a > C(2.0) * SATURATED ? C(2.0) * SATURATED : a;
    BITS k = NAME(reduced)(-a, &r);
    REAL scale = NAME(power_of_two)(k);
    return scale * NAME(small_expm1)(r) + (scale - C(1.0));
}

INLINE REAL NAME(absolute)(REAL x) { return sizeof(REAL) == 4 ? (REAL)fabsf((float)x) : (REAL)fabs((double)x); }

INLINE REAL NAME(root)(REAL x) { return sizeof(REAL) == 4 ? (REAL)sqrtf((float)x) : (REAL)sqrt((double)x); }

INLINE REAL NAME(with_sign_of)(REAL size, REAL x)
{
    return sizeof(REAL) == 4 ? (REAL)copysignf((float)size, (float)x) : (REAL)copysign((double)size, (double)x);
}

/* tanh(z) = -t / (2 + t), t = expm1(-2|z|): for small z, t is -2|z| to all digits. */
INLINE REAL NAME(tanh_of)(REAL z)
{
    REAL t = NAME(expm1_of_minus)(C(2.0) * NAME(absolute)(z));
    return NAME(with_sign_of)(-t / (C(2.0) + t), z);
}

/* 1 / (1 + exp(-z)), from e = exp(-|z|): no cancellation on either side. */
INLINE REAL NAME(logistic_from)(REAL z, REAL e) { return (z < C(0.0) ? e : C(1.0)) / (C(1.0) + e); }

/* max(z, 0) + log1p(e), from e = exp(-|z|). */
INLINE REAL NAME(softplus_from)(REAL z, REAL e)
{
    REAL s = e / (C(2.0) + e), u = s * s;
    return (z < C(0.0) ? C(0.0) : z) + C(2.0) * (s + s * (u * P(u)));
}

INLINE REAL NAME(logistic_of)(REAL z) { return NAME(logistic_from)(z, NAME(exp_of)(-NAME(absolute)(z))); }
INLINE REAL NAME(softplus_of)(REAL z) { return NAME(softplus_from)(z, NAME(exp_of)(-NAME(absolute)(z))); }

INLINE REAL NAME(tanh_chain_of)(REAL a, REAL d) { return d - a * a * d; }
INLINE REAL NAME(logistic_chain_of)(REAL a, REAL d) { return d * (a - a * a); }
INLINE REAL NAME(softplus_chain_of)(REAL a, REAL d) { return -(d * NAME(expm1_of_minus)(a)); }
INLINE REAL NAME(relu_chain_of)(REAL a, REAL d) { return d * (a > C(0.0) ? C(1.0) : C(0.0)); }

#define VALUE_LOOP(function, lvl, attribute) \
    attribute static void NAME(function##_##lvl)(const void *from, void *to, Py_ssize_t n) \
    { \
        const REAL *Z = from; \
        REAL *A = to; \
        EACH_ALONE \
        for (Py_ssize_t i = 0; i < n; i++) \
            A[i] = NAME(function##_of)(Z[i]); \
    }
#define CHAIN_LOOP(function, lvl, attribute) \
    attribute static void NAME(function##_##lvl)(const void *from, void *to, Py_ssize_t n) \
    { \
        const REAL *A = from; \
        REAL *D = to; \
        EACH_ALONE \
        for (Py_ssize_t i = 0; i < n; i++) \
            D[i] = NAME(function##_of)(A[i], D[i]); \
    }
/* Algorithm 1 of Kingma and Ba (2015), one step: the operations of _solvers/_descent.py, in their order. */
#define ADAM_LOOP(lvl, attribute) \
    attribute static void NAME(adam_##lvl)(void *const *arrays, const double *numbers, Py_ssize_t n) \
    { \
        const REAL *g = arrays[0], *m = arrays[1], *v = arrays[2]; \
        REAL *new_m = arrays[3], *new_v = arrays[4], *step = arrays[5]; \
        const REAL beta_1 = (REAL)numbers[0], rest_1 = (REAL)numbers[1], beta_2 = (REAL)numbers[2]; \
        const REAL rest_2 = (REAL)numbers[3], epsilon = (REAL)numbers[4], rate = (REAL)numbers[5]; \
        EACH_ALONE \
        for (Py_ssize_t i = 0; i < n; i++) { \
            REAL first = beta_1 * m[i] + rest_1 * g[i], second = beta_2 * v[i] + rest_2 * (g[i] * g[i]); \
            new_m[i] = first; \
            new_v[i] = second; \
            step[i] = first / (NAME(root)(second) + epsilon) * rate; \
        } \
    }
/* (x - center) factor, beside a last column that stays. Rows here and there are not where a processor looks ahead. */
#define SCALED_LOOP(lvl, attribute) \
    attribute static void NAME(scaled_##lvl)(void *const *arrays, const int64_t *places, Py_ssize_t m, Py_ssize_t d) \
    { \
        const REAL *X = arrays[0], *center = arrays[1], *factor = arrays[2]; \
        REAL *out = arrays[3]; \
        for (Py_ssize_t i = 0; i < m; i++, out += d + 1) { \
            const REAL *x = X + (places == NULL ? i : places[i]) * d; \
            if (places != NULL && i + ROWS_AHEAD < m) \
                for (Py_ssize_t j = 0; j < d; j += CACHE_LINE / sizeof(REAL)) \
                    PREFETCH(X + places[i + ROWS_AHEAD] * d + j); \
            EACH_ALONE \
            for (Py_ssize_t j = 0; j < d; j++) \
                out[j] = (x[j] - center[j]) * factor[j]; \
        } \
    }
/* L = softplus(t) and dZ2 = weighted logistic(t), for t = sign z: one exp serves both. */
#define SIGMOID_LOOP(lvl, attribute) \
    attribute static void NAME(sigmoid_##lvl)(void *const *arrays, Py_ssize_t k, Py_ssize_t m) \
    { \
        REAL *Z2 = arrays[0], *L = arrays[3]; \
        const REAL *sign = arrays[1], *weighted = arrays[2]; \
        EACH_ALONE \
        for (Py_ssize_t i = 0; i < k * m; i++) { \
            REAL t = sign[i] * Z2[i], e = NAME(exp_of)(-NAME(absolute)(t)); \
            L[i] = NAME(softplus_from)(t, e); \
            Z2[i] = weighted[i] * NAME(logistic_from)(t, e); \
        } \
    }
/* E = exp(z_c - z_y), but 0 in the place of y, and r, their sum over c; some examples at a time, whose E stay near. */
#define SOFTMAX_LOOP(lvl, attribute) \
    attribute static void NAME(softmax_##lvl)(void *const *arrays, Py_ssize_t k, Py_ssize_t m) \
    { \
        const REAL *Z2 = arrays[0]; \
        const int64_t *place = arrays[1]; \
        REAL *E = arrays[2], *r = arrays[3], z_y[TILE]; \
        for (Py_ssize_t first = 0; first < m; first += TILE) { \
            Py_ssize_t n = m - first < TILE ? m - first : TILE; \
            for (Py_ssize_t i = 0; i < n; i++) \
                z_y[i] = Z2[place[first + i]]; \
            for (Py_ssize_t c = 0; c < k; c++) { \
                const REAL *z = Z2 + c * m + first; \
                REAL *e = E + c * m + first; \
                EACH_ALONE \
                for (Py_ssize_t i = 0; i < n; i++) \
                    e[i] = NAME(exp_of)(z[i] - z_y[i]); \
            } \
            for (Py_ssize_t i = 0; i < n; i++) { \
                E[place[first + i]] = C(0.0); \
                r[first + i] = C(0.0); \
            } \
            for (Py_ssize_t c = 0; c < k; c++) { \
                const REAL *e = E + c * m + first; \
                EACH_ALONE \
                for (Py_ssize_t i = 0; i < n; i++) \
                    r[first + i] += e[i]; \
            } \
        } \
    }
/* dZ2 = s (A2 - Y): s e_c / (1 + r), and -s r / (1 + r) in the place of y. */
#define SOFTMAX_CHAIN_LOOP(lvl, attribute) \
    attribute static void NAME(softmax_chain_##lvl)(void *const *arrays, Py_ssize_t k, Py_ssize_t m) \
    { \
        REAL *dZ2 = arrays[0], *E = arrays[2], sum[TILE]; \
        const int64_t *place = arrays[1]; \
        const REAL *r = arrays[3], *s = arrays[4]; \
        for (Py_ssize_t first = 0; first < m; first += TILE) { \
            Py_ssize_t n = m - first < TILE ? m - first : TILE; \
            for (Py_ssize_t i = 0; i < n; i++) { \
                E[place[first + i]] = -r[first + i]; \
                sum[i] = C(1.0) + r[first + i]; \
            } \
            for (Py_ssize_t c = 0; c < k; c++) { \
                const REAL *e = E + c * m + first; \
                REAL *d = dZ2 + c * m + first; \
                const REAL *weight = s + first; \
                EACH_ALONE \
                for (Py_ssize_t i = 0; i < n; i++) \
                    d[i] = e[i] * weight[i] / sum[i]; \
            } \
        } \
    }
#define ALL_LOOPS(lvl, attribute) \
    ADAM_LOOP(lvl, attribute) \
    SCALED_LOOP(lvl, attribute) \
    SIGMOID_LOOP(lvl, attribute) \
    SOFTMAX_LOOP(lvl, attribute) \
    SOFTMAX_CHAIN_LOOP(lvl, attribute) \
    VALUE_LOOP(tanh, lvl, attribute) \
    VALUE_LOOP(logistic, lvl, attribute) \
    VALUE_LOOP(softplus, lvl, attribute) \
    CHAIN_LOOP(tanh_chain, lvl, attribute) \
    CHAIN_LOOP(logistic_chain, lvl, attribute) \
    CHAIN_LOOP(softplus_chain, lvl, attribute) \
    CHAIN_LOOP(relu_chain, lvl, attribute)
FOR_EACH_LEVEL(ALL_LOOPS)
#undef VALUE_LOOP
#undef CHAIN_LOOP
#undef ADAM_LOOP
#undef SCALED_LOOP
#undef SIGMOID_LOOP
#undef SOFTMAX_LOOP
#undef SOFTMAX_CHAIN_LOOP
#undef ALL_LOOPS

#endif
