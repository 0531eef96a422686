"""A tenant's configuration as a document: exported, compared, imported, from staging to production for one."""
