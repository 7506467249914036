"""What each figure means: in words for people, and once in SQL for every area that shows it."""
