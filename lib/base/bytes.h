/*
 * Bounded bytes. A reader never goes past its end and a writer never past its buffer: the first access that would
 * makes it bad, and bad is sticky. Readers then return zeros, writers store nothing, so a codec is written without an
 * `if` per field and tested once at its end.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
        const uint8_t *p; /* next byte */
        size_t left;      /* bytes that may still be read */
        bool bad;         /* something was read past the end */
};

struct reader reader_of(const void *data, size_t len);
uint8_t get_u8(struct reader *);
uint16_t get_u16(struct reader *); /* network order, as all below */
uint32_t get_u32(struct reader *);
/* Returns the next n bytes in place, or NULL when there are fewer (the reader is then bad). */
const uint8_t *get_bytes(struct reader *, size_t n);
/* The next n bytes as a reader of their own: what is nested cannot read past its parent's length. */
struct reader get_child(struct reader *, size_t n);
/* All bytes were read and none was missing. */
bool reader_done(const struct reader *);

struct writer {
        uint8_t *p;   /* start of the buffer; the caller's */
        size_t len;   /* written so far */
        size_t cap;   /* size of the buffer */
        bool bad;     /* something did not fit, or a value was out of its field's range */
};

struct writer writer_of(void *buf, size_t cap);
void put_u8(struct writer *, uint64_t value); /* values that do not fit the field make it bad */
void put_u16(struct writer *, uint64_t value);
void put_u32(struct writer *, uint64_t value);
void put_bytes(struct writer *, const void *data, size_t n);
/* Reserves a length field of 1 or 2 bytes; close_len() stores how many bytes were written since. */
size_t open_len(struct writer *, size_t width);
void close_len(struct writer *, size_t at, size_t width);
