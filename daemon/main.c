/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tanukid: reads its arguments and its configuration, then becomes the monitor process
 * (priv/monitor.c), which starts the others.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "background.h"
#include "base/log.h"
#include "config/config.h"
#include "config/psk.h"
#include "engine_process.h"
#include "output.h"
#include "priv/monitor.h"
#include "resolve.h"

enum { EXIT_USAGE = 2 };

static const char usage_text[] = "usage: tanukid [-46dF] [-f file] [-p port] [-P natt-port]\n"
				 "       tanukid -t [-f file]\n"
				 "       tanukid -V\n"
				 "  -4, -6   IPv4 only, IPv6 only\n"
				 "  -d       more in the log; may be repeated\n"
				 "  -F       stay in the foreground, log to stderr\n"
				 "  -f file  configuration (" TANUKI_CONF ")\n"
				 "  -p, -P   UDP ports instead of 500 and 4500\n"
				 "  -t       check the configuration and print what is in effect\n"
				 "  -V       print the version\n";

struct options {
	const char *conf;
	enum sockets_families families;
	int debug;
	bool foreground, test, version;
	uint16_t port, natt_port; /* 0: as configured */
};

static int parse_port(const char *text, uint16_t *ret)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (end == text || *end || port < 1 || port > UINT16_MAX) {
		fprintf(stderr, "tanukid: \"%s\" is no port\n", text);
		return -EINVAL;
	}
	*ret = (uint16_t)port;
	return 0;
}

static int parse_option(int c, struct options *o)
{
	switch (c) {
	case '4':
	case '6':
		o->families = c == '4' ? SOCKETS_IPV4 : SOCKETS_IPV6;
		return 0;
	case 'd':
		o->debug++;
		return 0;
	case 'F':
		o->foreground = true;
		return 0;
	case 'f':
		o->conf = optarg;
		return 0;
	case 'p':
		return parse_port(optarg, &o->port);
	case 'P':
		return parse_port(optarg, &o->natt_port);
	case 't':
		o->test = true;
		return 0;
	case 'V':
		o->version = true;
		return 0;
	default:
		return -EINVAL;
	}
}

static int parse_options(int argc, char **argv, struct options *ret)
{
	struct options o = { .conf = TANUKI_CONF };
	int c;

	while ((c = getopt(argc, argv, "46dFf:p:P:tV")) != -1) {
		if (parse_option(c, &o) < 0)
			return -EINVAL;
	}
	if (optind < argc) {
		fprintf(stderr, "tanukid: \"%s\" is too much\n", argv[optind]);
		return -EINVAL;
	}
	*ret = o;
	return 0;
}

static void on_warning(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "tanukid: warning: %s\n", text);
}

static const struct config_options config_options = { .warn = on_warning };

static int complain(const struct err *err)
{
	fprintf(stderr, "tanukid: %s\n", err->text);
	return EXIT_FAILURE;
}

/* -t: psk.txt is checked too if it is there; its keys are not printed. */
static int test_config(const struct policy *policy)
{
	CLEANUP(psk_freep)
	struct psk_table *keys = NULL;
	struct err err = { 0 };
	int r = policy->psk_path[0] ? psk_load(policy->psk_path, &config_options, &keys, &err) : 0;

	if (r == -ENOENT)
		on_warning(NULL, err.text);
	else if (r < 0)
		return complain(&err);
	config_print(policy, stdout);
	return EXIT_SUCCESS;
}

static void apply_options(struct policy *policy, const struct options *o)
{
	int level = policy->log_level + o->debug;

	if (o->port != 0)
		policy->port = o->port;
	if (o->natt_port != 0)
		policy->natt_port = o->natt_port;
	policy->log_level = level > LOG_DEBUG2 ? LOG_DEBUG2 : level;
	log_set_level((enum log_level)policy->log_level);
}

static int run(struct policy *policy, const struct options *o)
{
	struct monitor_options options = {
		.policy = policy,
		.families = o->families,
		.run_path = TANUKI_RUN,
		.state_path = TANUKI_STATE,
		.pid_path = o->foreground ? NULL : TANUKI_RUN "/tanukid.pid",
		.ready_fd = -1,
		.engine = engine_process_run,
	};

	if (geteuid() != 0) {
		fprintf(stderr, "tanukid: only root can start it\n");
		return EXIT_FAILURE;
	}
	if (!o->foreground) {
		int r = background_enter(&options.ready_fd);
		if (r < 0) {
			fprintf(stderr, "tanukid: going into the background: %s\n", strerror(-r));
			return EXIT_FAILURE;
		}
	}
	output_open(!o->foreground);
	resolve_peers(policy);
	return monitor_run(&options);
}

int main(int argc, char **argv)
{
	CLEANUP(policy_unrefp)
	struct policy *policy = NULL;
	struct options o;
	struct err err = { 0 };

	if (parse_options(argc, argv, &o) < 0) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	if (o.version) {
		puts("tanukid " TANUKI_VERSION);
		return EXIT_SUCCESS;
	}
	if (config_load(o.conf, &config_options, &policy, &err) < 0)
		return complain(&err);
	apply_options(policy, &o);
	return o.test ? test_config(policy) : run(policy, &o);
}
