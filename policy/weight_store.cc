#include "policy/weight_store.h"
