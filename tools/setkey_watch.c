/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "setkey -x", a line for each event, and "setkey -Dl", the SAD again each second.  No line has a
 * key in it, and each one is written at once: both run until they are interrupted.
 */
#include "setkey_watch.h"

#include "setkey_json.h"

#include "base/addr.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SHORT_AGE_MAX_SEC = 999, HEX_COLUMNS = 16 };

/* ---- events ---- */

static void put_addr_port(FILE *f, const union keydb_addr *a)
{
	char text[ADDR_TEXT_MAX_BYTES];
	struct addr addr;
	if (!addr_from_sockaddr(&a->sa, sizeof(*a), &addr))
		fputs(addr_text_port(&addr, text), f);
	else
		fputs("none", f);
}

/* "verb 192.0.2.1 192.0.2.2 esp 0x00000300": the command without its first word. */
static void put_sa(FILE *f, const char *verb, const struct keydb_sa *sa)
{
	struct command c;
	char text[COMMAND_TEXT_MAX_BYTES];
	memset(&c, 0, sizeof(c));
	c.kind = COMMAND_ADD;
	c.sa.id = sa->id;
	fprintf(f, "%s%s", verb, command_text(&c, text) + strlen(command_word(c.kind)));
}

static void put_policy(FILE *f, const char *verb, const struct keydb_policy *p)
{
	struct command c;
	char text[COMMAND_TEXT_MAX_BYTES];
	memset(&c, 0, sizeof(c));
	c.kind = COMMAND_SPDADD;
	c.policy = *p;
	fprintf(f, "%s%s", verb, command_text(&c, text) + strlen(command_word(c.kind)));
}

static const char *proto_word(uint8_t proto)
{
	switch (proto) {
	case KEYDB_PROTO_ESP:
		return "esp";
	case KEYDB_PROTO_AH:
		return "ah";
	case KEYDB_PROTO_IPCOMP:
		return "ipcomp";
	default:
		return "any";
	}
}

static void put_event(FILE *f, const struct keydb_event *e)
{
	switch (e->kind) {
	case KEYDB_EVENT_ACQUIRE:
		put_sa(f, "acquire", &e->sa);
		fprintf(f, " spid=%u seq=%u", e->policy.index, e->seq);
		break;
	case KEYDB_EVENT_EXPIRE:
		put_sa(f, e->hard ? "expire hard" : "expire soft", &e->sa);
		break;
	case KEYDB_EVENT_POLICY_EXPIRE:
		put_policy(f, e->hard ? "spdexpire hard" : "spdexpire soft", &e->policy);
		break;
	case KEYDB_EVENT_MAPPING:
		put_sa(f, "mapping", &e->sa);
		fputs(" new ", f);
		put_addr_port(f, &e->new_addr);
		break;
	case KEYDB_EVENT_FLUSH_SA:
		fprintf(f, "flush %s", proto_word(e->sa.id.proto));
		break;
	case KEYDB_EVENT_FLUSH_POLICY:
		fputs("spdflush", f);
		break;
	case KEYDB_EVENT_SA_CHANGE:
		put_sa(f, e->deleted ? "delete" : "set", &e->sa);
		break;
	case KEYDB_EVENT_POLICY_CHANGE:
		put_policy(f, e->deleted ? "spddelete" : "spdset", &e->policy);
		break;
	case KEYDB_EVENT_OVERRUN:
		fputs("overrun: events were lost", f);
		break;
	}
}

static void put_time(FILE *f, const struct timeval *now, bool epoch)
{
	struct tm tm;
	if (epoch || !localtime_r(&now->tv_sec, &tm))
		fprintf(f, "%jd.%06ld ", (intmax_t)now->tv_sec, (long)now->tv_usec);
	else
		fprintf(f, "%02d:%02d:%02d.%06ld ", tm.tm_hour, tm.tm_min, tm.tm_sec,
			(long)now->tv_usec);
}

void watch_print_event(void *file, const struct keydb_event *e, const struct timeval *now,
		       bool epoch)
{
	put_time(file, now, epoch);
	put_event(file, e);
	fputc('\n', file);
}

void watch_print_hex(void *file, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	for (size_t i = 0; i < len; i += HEX_COLUMNS) {
		fprintf(file, "\t%04zx", i);
		for (size_t j = i; j < i + HEX_COLUMNS; j++)
			fprintf(file, j < len ? " %02x" : "   ", j < len ? p[j] : 0u);
		fputs("  ", file);
		for (size_t j = i; j < i + HEX_COLUMNS && j < len; j++)
			fputc(p[j] > ' ' && p[j] < 0x7f ? p[j] : '.', file);
		fputc('\n', file);
	}
}

static void print_message(struct keydb_events *events)
{
	size_t len = 0;
	const void *bytes = keydb_events_message(events, &len);
	watch_print_hex(stdout, bytes, len);
}

/* All that can be read now. */
static int print_events(struct keydb_events *events, const struct watch_options *options)
{
	struct keydb_event e;
	struct timeval now;
	int rc;
	while ((rc = keydb_events_next(events, &e)) > 0) {
		gettimeofday(&now, NULL);
		if (options->json)
			setkey_json_event(stdout, &e, &now);
		else
			watch_print_event(stdout, &e, &now, options->epoch);
		if (options->hex)
			print_message(events);
		explicit_bzero(&e, sizeof(e));
	}
	return fflush(stdout) ? -EIO : rc;
}

int watch_events(const struct watch_options *options)
{
	struct keydb_events *events = NULL;
	int rc = keydb_events_open(KEYDB_EVENTS_ACQUIRE | KEYDB_EVENTS_EXPIRE | KEYDB_EVENTS_SA |
					   KEYDB_EVENTS_POLICY | KEYDB_EVENTS_MAPPING,
				   &events);
	if (rc)
		return rc;
	struct pollfd fd = { .fd = keydb_events_fd(events), .events = POLLIN };
	while (!rc) {
		rc = print_events(events, options);
		if (!rc && poll(&fd, 1, -1) < 0 && errno != EINTR)
			rc = -errno;
	}
	keydb_events_close(events);
	return rc;
}

/* ---- the short list ---- */

static void put_seconds(FILE *f, uint64_t sec)
{
	if (sec > SHORT_AGE_MAX_SEC)
		fputs("big", f);
	else
		fprintf(f, "%3u", (unsigned int)sec);
}

static void put_addr(FILE *f, const union keydb_addr *a)
{
	char text[ADDR_TEXT_MAX_BYTES];
	struct addr addr;
	if (addr_from_sockaddr(&a->sa, sizeof(*a), &addr))
		return;
	addr.port = 0;
	fputs(addr_text(&addr, text), f);
}

void watch_print_short(void *file, const struct keydb_sa *sa, uint64_t now_sec)
{
	static const char states[] = "LMDd";
	const struct tm *tm;
	struct tm room;
	time_t now = (time_t)now_sec;
	uint64_t hard = sa->limits.hard_add_sec;
	uint64_t added = sa->usage.add_time;
	tm = localtime_r(&now, &room);
	fprintf(file, "%02d%02d %-3.3s %c %08x ", tm ? tm->tm_min : 0, tm ? tm->tm_sec : 0,
		proto_word(sa->id.proto), sa->state < sizeof(states) - 1 ? states[sa->state] : '?',
		sa->id.spi);
	put_seconds(file, added && now_sec > added ? now_sec - added : 0);
	fputc('/', file);
	put_seconds(file, hard == KEYDB_INFINITE ? 0 : hard);
	fputc(' ', file);
	put_addr(file, &sa->id.src);
	fputs(" -> ", file);
	put_addr(file, &sa->id.dst);
	fputc('\n', file);
}

struct short_list {
	const struct print_options *options;
	uint64_t now_sec;
};

static int on_sa(void *arg, const struct keydb_sa *sa)
{
	const struct short_list *l = arg;
	if (sa->state != KEYDB_SA_DEAD || l->options->show_dead)
		watch_print_short(stdout, sa, l->now_sec);
	return 0;
}

int watch_sad(struct keydb *k, const struct print_options *options)
{
	int rc = 0;
	while (!rc) {
		struct short_list l = { .options = options, .now_sec = (uint64_t)time(NULL) };
		printf("%-4s %-3s %-1s %-8s %-7s %s -> %s\n", "time", "p", "s", "spi", "ltime",
		       "src", "dst");
		rc = keydb_sa_dump(k, KEYDB_PROTO_ANY, on_sa, &l);
		if (!rc && fflush(stdout))
			rc = -EIO;
		if (!rc)
			sleep(1);
	}
	return rc;
}
