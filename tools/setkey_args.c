/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: short options as KAME had them, long ones for what is new. */
#include "setkey_args.h"

#include <errno.h>
#include <getopt.h>
#include <keydb_message.h>
#include <stdio.h>
#include <string.h>

/* Long options without a letter; above every character. */
enum {
	OPTION_COMPAT = 256,
	OPTION_ATOMIC,
	OPTION_DIFF,
	OPTION_SYNC,
	OPTION_JSON,
	OPTION_FROM_IP,
	OPTION_LAYOUT,
	OPTION_STATUS
};

const char arguments_usage[] =
	"usage: setkey [-knrvpaN] -f FILE   commands from a file, - is stdin\n"
	"       setkey [-knrvpaN] -c        commands from stdin, one after the other\n"
	"       setkey [-apv] -D            show the SAs\n"
	"       setkey [-Npv] -DP           show the policies\n"
	"       setkey [-v] -F              delete all SAs\n"
	"       setkey [-v] -FP             delete all policies\n"
	"       setkey [-a] -Dl             show the SAs in short, each second\n"
	"       setkey [-H] -x | -xx        show events with the time, or seconds since 1970\n"
	"       setkey [-p] FILE...         show messages of PF_KEY that are in files\n"
	"       setkey --status             show how the kernel is reached, and who sends packets\n"
	"       setkey -V | -h              version, this text\n"
	" -a  also dead SAs            -p  with ports\n"
	" -n  check only, do nothing   -v  tell each command that is done\n"
	" -H  also the kernel's messages, in hex: with keys\n"
	" -N  no per-socket policies\n"
	" -r  an \"in\" policy also holds for forwarded packets (default)\n"
	" -k  policies as the kernel has them: in, out and fwd apart\n"
	" --atomic  all or, after an error, nothing\n"
	" --check   the same as -n\n"
	" --diff    show what the tables have and the file has not, and the other way round\n"
	" --sync    make the tables equal to the file\n"
	" --from-ip-xfrm [FILE...]  make a script of what \"ip xfrm\" shows\n"
	" --json    show entries and events as JSON, an object in a line\n"
	" --layout linux|freebsd|netbsd|kame  what wrote these files (default: found out)\n"
	" --compat  exit codes of older setkeys\n";

static int set_mode(struct arguments *args, enum mode mode)
{
	if (args->mode != MODE_NONE && args->mode != mode) {
		fprintf(stderr,
			"setkey: only one of -c, -D, -F, -f, -x and --status can be given\n");
		return -EINVAL;
	}
	args->mode = mode;
	return 0;
}

static int refuse(const char *option, const char *why)
{
	fprintf(stderr, "setkey: %s: %s\n", option, why);
	return -EINVAL;
}

/* Options that give a mode. */
static int take_mode_option(struct arguments *args, int option, const char *value)
{
	switch (option) {
	case 'c':
		return set_mode(args, MODE_STDIN);
	case 'f':
		args->file = value;
		return set_mode(args, MODE_FILE);
	case OPTION_FROM_IP:
		return set_mode(args, MODE_FROM_IP);
	case OPTION_STATUS:
		return set_mode(args, MODE_STATUS);
	case 'D':
		return set_mode(args, MODE_DUMP);
	case 'F':
		return set_mode(args, MODE_FLUSH);
	default:
		args->epoch = args->mode == MODE_WATCH;
		return set_mode(args, MODE_WATCH);
	}
}

static int take_layout(struct arguments *args, const char *name)
{
	enum keydb_layout layout;
	if (keydb_layout_by_name(name, &layout))
		return refuse(name, "no such layout: linux, freebsd, netbsd, kame");
	args->layout = name;
	return 0;
}

static int take_option(struct arguments *args, int option, const char *value)
{
	switch (option) {
	case 'P':
		args->policies = true;
		return 0;
	case 'a':
		args->apply.show_dead = true;
		return 0;
	case 'l':
		args->loop = true;
		return 0;
	case 'k':
		args->apply.rfc_mode = false;
		return 0;
	case 'r':
		args->apply.rfc_mode = true;
		return 0;
	case 'n':
		args->check_only = true;
		return 0;
	case 'H':
		args->hex = true;
		return 0;
	case 'N':
		args->apply.hide_socket_policies = true;
		return 0;
	case 'p':
		args->apply.ports = true;
		return 0;
	case 'v':
		args->apply.verbose = true;
		return 0;
	case OPTION_ATOMIC:
		args->apply.atomic = true;
		return 0;
	case OPTION_DIFF:
		args->diff = true;
		return 0;
	case OPTION_SYNC:
		args->sync = true;
		return 0;
	case OPTION_JSON:
		args->apply.json = true;
		return 0;
	case OPTION_COMPAT:
		args->compat = true;
		return 0;
	case OPTION_LAYOUT:
		return take_layout(args, value);
	default:
		return take_mode_option(args, option, value);
	}
}

static int check_arguments(const struct arguments *args, int argc, char **argv)
{
	bool is_table = args->mode >= MODE_DUMP;
	if (args->mode == MODE_NONE) {
		fputs(arguments_usage, stderr);
		return -EINVAL;
	}
	if (optind < argc && args->mode != MODE_FROM_IP && args->mode != MODE_SHOW)
		return refuse(argv[optind], "one argument too many");
	if (args->policies && args->mode != MODE_DUMP && args->mode != MODE_FLUSH)
		return refuse("-P", "goes with -D or -F");
	if (args->loop && (args->mode != MODE_DUMP || args->policies))
		return refuse("-l", "goes with -D");
	if (args->hex && (args->mode != MODE_WATCH || args->apply.json))
		return refuse("-H", "goes with -x, without --json");
	if (args->layout && args->mode != MODE_SHOW)
		return refuse("--layout", "goes with dump files");
	if (args->apply.json && (args->mode == MODE_FLUSH || args->mode == MODE_FROM_IP ||
				 args->mode == MODE_SHOW || args->loop))
		return refuse(
			"--json",
			"goes with -D, -x, --status and what scripts dump, not with -F and -l");
	if (args->check_only && (is_table || args->mode == MODE_FROM_IP))
		return refuse("-n", "goes with -f or -c");
	if (args->apply.atomic && args->mode != MODE_FILE)
		return refuse("--atomic", "goes with -f");
	if ((args->diff || args->sync) && args->mode != MODE_FILE)
		return refuse(args->diff ? "--diff" : "--sync", "goes with -f");
	if (args->diff && (args->sync || args->apply.atomic))
		return refuse("--diff", "changes nothing: neither --sync nor --atomic go with it");
	return 0;
}

static const struct option long_options[] = {
	/* clang-format off */
	{ "atomic",  no_argument, NULL, OPTION_ATOMIC },
	{ "check",   no_argument, NULL, 'n' },
	{ "compat",  no_argument, NULL, OPTION_COMPAT },
	{ "diff",    no_argument, NULL, OPTION_DIFF },
	{ "from-ip-xfrm", no_argument, NULL, OPTION_FROM_IP },
	{ "help",    no_argument, NULL, 'h' },
	{ "json",    no_argument, NULL, OPTION_JSON },
	{ "layout",  required_argument, NULL, OPTION_LAYOUT },
	{ "status",  no_argument, NULL, OPTION_STATUS },
	{ "sync",    no_argument, NULL, OPTION_SYNC },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
	/* clang-format on */
};

/* getopt says '?' for what it does not know, and -? is such an option too. */
static int wrong_option(int option, char **argv)
{
	char letter[] = { '-', (char)optopt, '\0' };
	bool is_long = !strncmp(argv[optind - 1], "--", 2);
	return refuse(is_long ? argv[optind - 1] : letter,
		      option == ':' ? "needs an argument"
				    : "no such option, or not so; -h shows them");
}

int arguments_parse(struct arguments *ret, int argc, char **argv)
{
	int option;
	memset(ret, 0, sizeof(*ret));
	ret->apply.rfc_mode = true;
	optind = 0; /* from the start */
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":acDf:FhHklnNpPrvVx", long_options, NULL)) !=
	       -1) {
		if (option == '?' && optopt == '?')
			option = 'h';
		if (option == '?' || option == ':')
			return wrong_option(option, argv);
		if (option == 'V' || option == 'h') {
			ret->mode = option == 'V' ? MODE_VERSION : MODE_HELP;
			return 0;
		}
		if (take_option(ret, option, optarg))
			return -EINVAL;
	}
	ret->files = argv + optind;
	if (ret->mode == MODE_NONE && optind < argc)
		ret->mode = MODE_SHOW;
	return check_arguments(ret, argc, argv);
}
