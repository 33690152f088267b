"""Arrays on disk: ``save`` streams them there, ``load`` gives them back."""
