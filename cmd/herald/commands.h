/* The subcommands. Exit status: 0 done, 1 the answer is no, 2 usage or unreadable input. */
#pragma once

enum { EXIT_DONE = 0, EXIT_NO = 1, EXIT_USAGE = 2 };

int cmd_run(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_version(int argc, char **argv);
