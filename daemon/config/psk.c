/* SPDX-License-Identifier: BSD-2-Clause */
/* Pre-shared keys: parsing, permissions, look-up. */
#include "config/psk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PSK_FILE_MAX_BYTES = 16 << 20, PSK_ID_MAX_BYTES = 1024, PSK_KEY_MAX_BYTES = 1024 };

struct psk {
	struct psk *next;
	char *id;
	struct addr addr; /* set if id is an address */
	struct secret key;
};

struct psk_table {
	struct psk *first, **tail;
	size_t n;
};

struct line {
	const char *file;
	int number;
	struct slice text;
	const struct config_options *options;
	struct err *err;
};

static int line_error(const struct line *l, const char *text)
{
	return err_set(l->err, -EINVAL, "%s:%d: %s", l->file, l->number, text);
}

static void line_warn(const struct line *l, const char *text)
{
	char buf[ERR_TEXT_MAX_BYTES];
	if (!l->options || !l->options->warn)
		return;
	snprintf(buf, sizeof(buf), "%s:%d: %s", l->file, l->number, text);
	l->options->warn(l->options->warn_arg, buf);
}

static int hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* "0x0123..." without the 0x -> bytes */
static int take_hex(const struct line *l, struct slice hex, struct secret *ret)
{
	if (hex.len == 0 || hex.len % 2)
		return line_error(l, "the key in hex has no or an odd number of digits");
	struct secret key = { 0 };
	if (secret_init(&key, hex.len / 2))
		return line_error(l, "out of memory");
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = hex_value(hex.p[i]), low = hex_value(hex.p[i + 1]);
		if (high < 0 || low < 0) {
			secret_done(&key);
			return line_error(l, "the key in hex has a character that is no hex digit");
		}
		key.p[i / 2] = (uint8_t)(high << 4 | low);
	}
	*ret = secret_take(&key);
	return 0;
}

static int take_key(const struct line *l, struct slice text, struct secret *ret)
{
	if (text.len == 0)
		return line_error(l, "the key is missing");
	if (text.len > PSK_KEY_MAX_BYTES)
		return line_error(l, "the key is too long");
	if (text.len >= 2 && text.p[0] == '0' && (text.p[1] == 'x' || text.p[1] == 'X'))
		return take_hex(l, slice_of(text.p + 2, text.len - 2), ret);
	if (text.p[text.len - 1] == '\r')
		line_warn(l, "the key ends with a carriage return, which is part of it");
	else if (text.p[text.len - 1] == ' ' || text.p[text.len - 1] == '\t')
		line_warn(l, "the key ends with a blank, which is part of it");
	return secret_init_copy(ret, text) ? line_error(l, "out of memory") : 0;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Splits "identity blanks key"; the key is all the rest of the line. */
static int parse_line(const struct line *l, struct psk *psk)
{
	size_t at = 0;
	while (at < l->text.len && !is_blank(l->text.p[at]))
		at++;
	if (at == 0)
		return line_error(l, "a line begins with an identity, not with a blank");
	if (at > PSK_ID_MAX_BYTES || memchr(l->text.p, '\0', at))
		return line_error(l, "not an identity");
	size_t key_at = at;
	while (key_at < l->text.len && is_blank(l->text.p[key_at]))
		key_at++;
	psk->id = strndup((const char *)l->text.p, at);
	if (!psk->id)
		return line_error(l, "out of memory");
	if (addr_parse(psk->id, &psk->addr))
		psk->addr = (struct addr){ 0 };
	return take_key(l, slice_of(l->text.p + key_at, l->text.len - key_at), &psk->key);
}

static void psk_one_free(struct psk *p)
{
	if (!p)
		return;
	free(p->id);
	secret_done(&p->key);
	free(p);
}

void psk_free(struct psk_table *t)
{
	if (!t)
		return;
	while (t->first) {
		struct psk *p = t->first;
		t->first = p->next;
		psk_one_free(p);
	}
	free(t);
}

DEFINE_FREEP(struct psk, psk_one_free)

static int add_line(struct psk_table *t, const struct line *l)
{
	if (l->text.len == 0 || l->text.p[0] == '#')
		return 0;
	CLEANUP(psk_one_freep)
	struct psk *p = calloc(1, sizeof(*p));
	int rc = p ? parse_line(l, p) : line_error(l, "out of memory");
	if (rc)
		return rc;
	*t->tail = TAKE(p);
	t->tail = &(*t->tail)->next;
	t->n++;
	return 0;
}

int psk_parse(const char *name, const char *text, size_t len, const struct config_options *options,
	      struct psk_table **ret, struct err *err)
{
	CLEANUP(psk_freep)
	struct psk_table *t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, -ENOMEM, "out of memory");
	t->tail = &t->first;
	struct line l = { .file = name, .options = options, .err = err };
	while (len) {
		const char *newline = memchr(text, '\n', len);
		size_t n = newline ? (size_t)(newline - text) : len;
		l.number++;
		l.text = slice_of(text, n);
		int rc = add_line(t, &l);
		if (rc)
			return rc;
		n += newline != NULL;
		text += n;
		len -= n;
	}
	*ret = TAKE(t);
	return 0;
}

static int check_file(int fd, const char *path, size_t *ret_size, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st))
		return err_set(err, -errno, "%s: %m", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EPERM, "%s: not a regular file", path);
	if (st.st_uid != geteuid())
		return err_set(err, -EPERM, "%s: belongs to user %u, must belong to user %u", path,
			       st.st_uid, geteuid());
	if (st.st_mode & 077)
		return err_set(err, -EPERM,
			       "%s: others may read or write it (mode %04o): chmod 600", path,
			       st.st_mode & 07777);
	if (st.st_size > PSK_FILE_MAX_BYTES)
		return err_set(err, -EFBIG, "%s: too large", path);
	*ret_size = (size_t)st.st_size;
	return 0;
}

static int read_file(int fd, const char *path, size_t size, struct secret *ret, size_t *ret_len,
		     struct err *err)
{
	struct secret text = { 0 };
	if (secret_init(&text, size ? size : 1))
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	size_t used = 0;
	while (used < size) {
		ssize_t n = read(fd, text.p + used, size - used);
		if (n == 0)
			break;
		if (n < 0) {
			int rc = err_set(err, -errno, "%s: %m", path);
			secret_done(&text);
			return rc;
		}
		used += (size_t)n;
	}
	*ret_len = used; /* it may have become shorter meanwhile */
	*ret = secret_take(&text);
	return 0;
}

int psk_load(const char *path, const struct config_options *options, struct psk_table **ret,
	     struct err *err)
{
	struct secret text = { 0 };
	size_t size = 0, len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(err, -errno, "%s: %m", path);
	int rc = check_file(fd, path, &size, err);
	if (rc == 0)
		rc = read_file(fd, path, size, &text, &len, err);
	close(fd);
	if (rc == 0)
		rc = psk_parse(path, (const char *)text.p, len, options, ret, err);
	secret_done(&text);
	return rc;
}

size_t psk_count(const struct psk_table *t)
{
	return t->n;
}

const struct secret *psk_find(const struct psk_table *t, const char *id, const struct addr *addr)
{
	struct addr id_addr;
	bool is_addr = addr_parse(id, &id_addr) == 0;
	for (const struct psk *p = t->first; p; p = p->next) {
		if (strcmp(p->id, id) == 0 || strcmp(p->id, "*") == 0 ||
		    (is_addr && addr_is_set(&p->addr) && addr_eq(&p->addr, &id_addr)))
			return &p->key;
	}
	for (const struct psk *p = t->first; p && addr && addr_is_set(addr); p = p->next) {
		if (addr_is_set(&p->addr) && addr_eq(&p->addr, addr))
			return &p->key;
	}
	return NULL;
}
