/* Whether two facts say the same as far as this program uses them. */
#pragma once
#include "model/fact.h"

bool fact_same(const struct fact *,
               const struct fact *); /* of one kind; uid and resourceVersion are not compared */
