"""How scenarios, scores and tables are put into words, for report and check alike."""
