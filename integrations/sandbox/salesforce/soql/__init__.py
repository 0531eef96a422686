"""SOQL: text -> tokens -> tree (`parse`) -> plan against the schema -> rows (`run`)."""
