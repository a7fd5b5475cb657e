"""Charts as PNG, by matplotlib; nothing here touches pyplot or its global state."""
