#include "reward/rubric.h"
