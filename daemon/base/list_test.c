/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists: order, removal inside a walk, and the empty list. */
#include "base/list.h"

#include "base/unit.h"

struct item {
	long double align; /* stricter than the list's head: a cast of the head would show */
	int number;
	struct list node;
};

static struct item *item_new(struct list *head, int number)
{
	struct item *item = calloc(1, sizeof(*item));
	item->number = number;
	list_add(head, &item->node);
	return item;
}

static int digits(struct list *head)
{
	struct item *item;
	int n = 0;
	LIST_EACH(item, head, node)
		n = n * 10 + item->number;
	return n;
}

static void test_an_empty_list_walks_nothing(void **state)
{
	struct list head;

	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	assert_int_equal(digits(&head), 0);
}

static void test_elements_come_in_order_of_adding(void **state)
{
	struct list head;
	struct item *item;

	(void)state;
	list_init(&head);
	for (int i = 1; i <= 4; i++)
		item_new(&head, i);
	assert_false(list_empty(&head));
	assert_int_equal(digits(&head), 1234);
	LIST_EACH(item, &head, node) {
		list_remove(&item->node);
		free(item);
	}
	assert_true(list_empty(&head));
}

static void test_the_current_element_may_move_to_another_list(void **state)
{
	struct list odd, even;
	struct item *item;

	(void)state;
	list_init(&odd);
	list_init(&even);
	for (int i = 1; i <= 5; i++)
		item_new(&odd, i);
	LIST_EACH(item, &odd, node) {
		if (item->number % 2 != 0)
			continue;
		list_remove(&item->node);
		list_add(&even, &item->node);
	}
	assert_int_equal(digits(&odd), 135);
	assert_int_equal(digits(&even), 24);
	LIST_EACH(item, &odd, node)
		free(item);
	LIST_EACH(item, &even, node)
		free(item);
}

static void test_break_leaves_the_element_found(void **state)
{
	struct list head;
	struct item *item, *other;
	int pairs = 0, found = 0;

	(void)state;
	list_init(&head);
	for (int i = 1; i <= 3; i++)
		item_new(&head, i);
	LIST_EACH(item, &head, node) {
		found = item->number;
		if (item->number == 2)
			break;
	}
	assert_int_equal(found, 2);
	LIST_EACH(item, &head, node)
		LIST_EACH(other, &head, node)
			pairs++;
	assert_int_equal(pairs, 9);
	LIST_EACH(item, &head, node)
		free(item);
}

static void test_removing_twice_is_harmless(void **state)
{
	struct list head;
	struct item *item;

	(void)state;
	list_init(&head);
	item = item_new(&head, 1);
	list_remove(&item->node);
	list_remove(&item->node);
	assert_true(list_empty(&head));
	list_add(&head, &item->node);
	assert_int_equal(digits(&head), 1);
	free(item);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT("an empty list walks nothing", test_an_empty_list_walks_nothing),
		UNIT("elements come in order of adding, and may be freed in a walk",
		     test_elements_come_in_order_of_adding),
		UNIT("the current element may move to another list",
		     test_the_current_element_may_move_to_another_list),
		UNIT("walks nest, and break leaves the element found",
		     test_break_leaves_the_element_found),
		UNIT("removing twice is harmless", test_removing_twice_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
