"""The report: a finished run, study or batch as one page that needs no network."""
