#include "policy/transformer.h"
